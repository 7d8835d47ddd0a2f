"""The Chalice application: registers each context's blueprints and wires the two leaves that meet; nothing else."""

from entrepot.cloud import basics, relay
from entrepot.cloud.application import Application

app = Application(app_name="entrepot")

APIS = (basics.api,)
TRIGGERS = (relay.triggers,)

for context in (*APIS, *TRIGGERS):
    app.register_blueprint(context.blueprint)
