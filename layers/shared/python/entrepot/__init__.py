"""What every context stands on: `kernel` (pure), `contracts` (what is published), `cloud` (AWS)."""

from entrepot import precompiled

precompiled.install()
