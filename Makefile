PYTHON ?= python3
VENV := .venv/bin
export PYTHONDONTWRITEBYTECODE := 1
export PYTHONPATH := $(CURDIR):$(CURDIR)/layers/shared/python

LOAD_ALL = $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json $(JSON))

.PHONY: up dev test lint types borders matrix fuzz privileges runbooks month lambda faults load flashsale soak package bench audit openapi rules clean testing deploy rollback rehearse drill backup restore letters outbox

up: ## serve everything on this machine, and tell the story (STORY=0 skips it, ENTREPOT_PORT moves it)
	@$(PYTHON) -m infra.local.up

dev: ## serve the routes from the sources, again after each edit
	@$(PYTHON) -m infra.local.up dev

test: testing lint types borders ## everything that must hold before a change is done
	$(VENV)/pytest -q -n 2 --dist loadfile -m "not e2e"
	$(VENV)/pytest -q -m "e2e and not long"
	@$(VENV)/python -m infra.delivery.tree tested

testing: $(VENV)/.dev
	@$(VENV)/python -m infra.delivery.tree begin

lint: $(VENV)/.dev
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

types: $(VENV)/.dev
	$(VENV)/mypy

borders: $(VENV)/.dev
	$(VENV)/lint-imports

matrix: $(VENV)/.dev ## who may call what, on their own things and on others', as really answered
	@$(VENV)/python -m tests.integration.matrix

privileges: $(VENV)/.dev ## each function's policy is exactly what it calls, recorded while the tests run: make privileges NARROW=1 takes out the rest
	@$(VENV)/python -m tests.privileges $(if $(NARROW),--narrow)

runbooks: $(VENV)/.dev ## make each alarm's cause come true on this machine, and run its page's commands: make runbooks PAGES="audit throttles"
	@$(VENV)/python -m tests.runbooks $(PAGES)
fuzz: $(VENV)/.dev ## generated requests to each route by each role: make fuzz ROLE=shopper ROUTE='/v1/me*' EXAMPLES=50 SEED=1
	@$(VENV)/python -m tests.integration.fuzz $(if $(ROLE),--role $(ROLE)) $(if $(ROUTE),--route '$(ROUTE)') \
	  --examples $(or $(EXAMPLES),6) --seed $(or $(SEED),1) $(if $(JOBS),--jobs $(JOBS))

month: $(VENV)/.dev ## ten thousand orders, settled and paid out, to zero unexplained: make month ORDERS=10000 SEED=1
	@$(VENV)/python -m tests.integration.month --orders $(or $(ORDERS),10000) --seed $(or $(SEED),1)

load: $(VENV)/.dev ## buyers at once, step by step until more get no more done: make load STEPS=1,2,4,8 STEP_SECONDS=15 JSON=FILE
	@$(VENV)/python -m tests.load load $(if $(STEPS),--steps $(STEPS)) $(if $(STEP_SECONDS),--seconds $(STEP_SECONDS)) $(LOAD_ALL)

flashsale: $(VENV)/.dev ## a thousand buyers for a hundred units: make flashsale BUYERS=1000 UNITS=100 LIMIT=1 SEED=1 CONFLICTS=both
	@$(VENV)/python -m tests.load flashsale $(if $(BUYERS),--buyers $(BUYERS)) $(if $(UNITS),--units $(UNITS)) \
		$(if $(LIMIT),--limit $(LIMIT)) $(if $(CONFLICTS),--conflicts $(CONFLICTS)) $(LOAD_ALL)

soak: $(VENV)/.dev ## buyers at a steady rate, memory and open files watched: make soak MINUTES=10 RATE=5 JSON=FILE
	@$(VENV)/python -m tests.load soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE)) $(LOAD_ALL)

faults: $(VENV)/.dev ## each use case under each fault, to its end: make faults SEED=7 FAULT='answer lost' CASE=place
	@$(VENV)/python -m tests.integration.faults --seed $(or $(SEED),1) --fault "$(FAULT)" --case "$(CASE)" \
		--client $(or $(CLIENT),thin)

lambda: $(VENV)/.dev ## each function of the artefact as Lambda runs it: bare, with its own role, memory and time
	@$(VENV)/pytest -q tests/integration/runtime tests/e2e/test_runtime.py

package: $(VENV)/.dev ## the artefacts for AWS and for this machine, with their checks
	$(VENV)/python -m infra.package --target host
	$(VENV)/python -m infra.package --target aws

deploy: $(VENV)/.dev ## bring this commit to a stage: make deploy STAGE=prod (SET, DRY=1, YES=1: docs/runbooks/deploy.md)
	@$(VENV)/python -m infra.delivery $(if $(CHECK),check $(STAGE),deploy $(STAGE) $(NEW) $(MOVING))

NEW = $(if $(SET),--set $(SET)) $(if $(ARTEFACT),--artefact $(ARTEFACT)) $(if $(DRY),--dry) $(if $(UNTESTED),--untested) \
  $(if $(ONE_WAY),--one-way)

rollback: $(VENV)/.dev ## bring a stage back to what it had before: make rollback STAGE=prod (TO, LIST=1: docs/runbooks/roll-back.md)
	@$(VENV)/python -m infra.delivery $(if $(LIST),list $(STAGE),rollback $(STAGE) $(if $(TO),--to $(TO)) $(MOVING))

rehearse: $(VENV)/.dev ## deployments on this machine, made, taken back and failed on purpose, and where the stand-in stops
	@$(VENV)/python -m infra.local.rehearsal

MOVING = $(if $(LOSE),--lose $(LOSE)) $(if $(ALARMS),--alarm $(ALARMS)) $(if $(MINUTES),--minutes $(MINUTES)) \
  $(if $(DESPITE_ALARMS),--despite-alarms) $(if $(ROLE),--role $(ROLE)) $(if $(YES),--yes)

bench: $(VENV)/.dev ## what things cost, beside their budgets: make bench ONLY=use_cases TIMES=20 MOST=1000
	@$(VENV)/python -m bench $(foreach part,$(ONLY),--only $(part)) $(if $(TIMES),--times $(TIMES)) $(if $(MOST),--most $(MOST))

drill: $(VENV)/.dev ## a stage is lost, and another goes on in its place: make drill ORDERS=20 MUTATION=row-dropped KEEP=FOLDER
	@$(VENV)/python -m tests.drill --orders $(or $(ORDERS),20) $(if $(MUTATION),--mutation $(MUTATION)) \
		$(if $(KEEP),--keep $(KEEP))

backup: $(VENV)/.dev ## everything of a stage in one file: make backup STAGE=prod ARCHIVE=FILE (of this machine if no STAGE)
	@$(VENV)/python -m infra.backup make --archive "$(ARCHIVE)" $(if $(STAGE),--stage $(STAGE),--local)

restore: $(VENV)/.dev ## an archive into an empty stage: make restore STAGE=next ARCHIVE=FILE FROM=prod (the runbook first)
	@$(VENV)/python -m infra.backup restore --archive "$(ARCHIVE)" $(if $(STAGE),--stage $(STAGE),--local) \
		$(if $(FROM),--from-stage $(FROM))

letters: $(VENV)/.dev ## the dead letters of a stage: make letters STAGE=prod (of this machine if no STAGE)
	@$(VENV)/python -m infra.letters list $(if $(STAGE),--stage $(STAGE),--local)

outbox: $(VENV)/.dev ## whether every event was published and heard: make outbox STAGE=prod (of this machine if no STAGE)
	@$(VENV)/python -m infra.outbox check $(if $(STAGE),--stage $(STAGE),--local)

audit: $(VENV)/.dev ## check the audit log of this machine, entry by entry
	$(VENV)/python -m infra.audit verify --local

openapi: $(VENV)/.dev ## the OpenAPI document and the schemas of events, from the code
	$(VENV)/python -m infra.openapi
	$(VENV)/python -m infra.event_schemas

rules: $(VENV)/.dev ## which customs rules hold: make rules COUNTRY=DE ON=2026-11-25
	@$(VENV)/python -m infra.customs rules $(COUNTRY) $(ON)

clean: ## forget what was built and what one machine has stored
	rm -rf build .entrepot/state .entrepot/objects .entrepot/scratch .entrepot/unpacked .entrepot/logs .entrepot/incomplete
	rm -f .entrepot/accounts.json .entrepot/carriers.json
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/.dev: requirements.txt requirements/tools.txt requirements/dev.txt
	@$(PYTHON) -m infra.local.up tools
	@touch $@
