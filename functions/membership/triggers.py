"""What membership hears: its own events, for the letters that they ask for and for what has to end; and settlement's,
for the letters to a merchant's staff."""

from entrepot.cloud.events import Triggers
from entrepot.contracts.membership import (
    CodeRequested,
    MemberErased,
    MemberRegistered,
    PasswordChanged,
    StaffInvited,
)
from entrepot.contracts.settlement import DestinationChanged
from functions.membership.service import ending, leaving, letters

triggers = Triggers(__name__)

membership_events = triggers.consumer(
    "membership-events",
    {
        MemberRegistered: letters.on_member_registered,
        StaffInvited: letters.on_staff_invited,
        CodeRequested: letters.on_code_requested,
        PasswordChanged: ending.on_password_changed,
        MemberErased: leaving.on_member_erased,
        DestinationChanged: letters.on_destination_changed,
    },
)
