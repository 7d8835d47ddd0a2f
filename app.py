"""The Chalice application: registers each context's blueprints and wires the two leaves that meet; nothing else."""

from entrepot.cloud import auth, basics, relay
from entrepot.cloud.application import Application
from functions.audit import routes as audit_routes
from functions.audit import triggers as audit_triggers
from functions.catalogue import facade as catalogue
from functions.catalogue import ports as catalogue_ports
from functions.catalogue import routes as catalogue_routes
from functions.catalogue import triggers as catalogue_triggers
from functions.clearing import routes as clearing_routes
from functions.clearing import triggers as clearing_triggers
from functions.customs import routes as customs_routes
from functions.customs import triggers as customs_triggers
from functions.inventory import facade as inventory
from functions.inventory import ports as inventory_ports
from functions.inventory import routes as inventory_routes
from functions.inventory import triggers as inventory_triggers
from functions.logistics import routes as logistics_routes
from functions.logistics import triggers as logistics_triggers
from functions.membership import facade as membership
from functions.membership import routes as membership_routes
from functions.membership import triggers as membership_triggers
from functions.orders import routes as orders_routes
from functions.orders import triggers as orders_triggers
from functions.payments import routes as payments_routes
from functions.payments import triggers as payments_triggers
from functions.privacy import routes as privacy_routes
from functions.privacy import triggers as privacy_triggers
from functions.rates import triggers as rates_triggers
from functions.settlement import routes as settlement_routes
from functions.settlement import triggers as settlement_triggers

app = Application(app_name="entrepot")

APIS = (
    basics.api,
    audit_routes.api,
    catalogue_routes.api,
    clearing_routes.api,
    customs_routes.api,
    inventory_routes.api,
    logistics_routes.api,
    membership_routes.api,
    orders_routes.api,
    payments_routes.api,
    privacy_routes.api,
    settlement_routes.api,
)
TRIGGERS = (
    relay.triggers,
    audit_triggers.triggers,
    catalogue_triggers.triggers,
    clearing_triggers.triggers,
    customs_triggers.workers,
    inventory_triggers.triggers,
    logistics_triggers.triggers,
    membership_triggers.triggers,
    orders_triggers.triggers,
    payments_triggers.triggers,
    privacy_triggers.triggers,
    rates_triggers.triggers,
    settlement_triggers.triggers,
)

for registered in (*APIS, *TRIGGERS):
    app.register_blueprint(registered.blueprint)

# A SKU belongs to a merchant (catalogue) and has stock or none (inventory): each asks the other through a port.
catalogue_ports.connect(inventory)
inventory_ports.connect(catalogue)
# The edge takes an API key in a token's place; membership knows them.
auth.connect_keys(membership.key_holder)
