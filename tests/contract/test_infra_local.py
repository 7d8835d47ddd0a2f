"""Starting on one machine: one clear line for what stands in the way, and nothing left running."""

import json
import os
import platform
import socket
import stat
import sys
import zipfile
from functools import partial
from pathlib import Path

import pytest

from infra import package, targets
from infra.local import accounts, ministack_host, serve, setup
from infra.local.deploy import localised
from infra.local.processes import child, free_ports, listening, module, require_free, wait_for
from infra.local.setup import Hindrance, child_environment
from infra.targets import UnsupportedHost


def test_a_taken_port_is_named_with_the_way_out():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        with pytest.raises(Hindrance, match=f"Port {port} is taken; ENTREPOT_PORT chooses another"):
            require_free(port, "ENTREPOT_PORT")


@pytest.mark.parametrize("text", ["", "abc", "80", "70000", "8000.5", "-1"])
def test_a_port_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("ENTREPOT_PORT", text)

    with pytest.raises(Hindrance, match="must be a number from 1024 to 65531"):
        serve.port()


def test_a_second_start_from_the_same_folder_is_refused(tmp_path):
    with serve.alone(tmp_path), pytest.raises(Hindrance, match="already runs"), serve.alone(tmp_path):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_named(tmp_path):
    tmp_path.chmod(0o500)

    with pytest.raises(Hindrance, match="No right to write"), serve.alone(tmp_path / "state"):
        pass


def test_a_package_that_cannot_be_fetched_is_named_and_leaves_no_stamp(tmp_path):
    requirements = tmp_path / "some.txt"
    requirements.write_text("--no-index\nno-such-package-of-ours==1.0\n", encoding="utf-8")

    with pytest.raises(Hindrance, match=r"Could not install the set: .*no-such-package-of-ours"):
        setup.environment(tmp_path / "venv", requirements, "the set")

    assert not (tmp_path / "venv" / "some.sha256").exists()


def test_an_index_out_of_reach_is_told_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "1")
    requirements = tmp_path / "some.txt"
    [nobody] = free_ports(1)
    index = f"--index-url http://127.0.0.1:{nobody}/simple"
    requirements.write_text(f"{index}\nno-such-package-of-ours==1.0\n", encoding="utf-8")

    with pytest.raises(Hindrance, match="Could not download the set: the package index cannot be reached"):
        setup.environment(tmp_path / "venv", requirements, "the set")


@pytest.mark.parametrize(
    ("system", "libc", "machine"),
    [("Darwin", "", "arm64"), ("Linux", "musl", "x86_64"), ("Linux", "glibc", "riscv64")],
)
def test_a_host_that_cannot_run_it_is_told_in_one_line(monkeypatch, system, libc, machine):
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, ""))
    monkeypatch.setattr(platform, "machine", lambda: machine)

    with pytest.raises(UnsupportedHost, match="Linux with glibc, x86-64 or arm64") as told:
        targets.host()

    assert "\n" not in str(told.value)


def test_a_process_ends_with_its_block(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(600)"]

    with child("sleeper", command, child_environment(), tmp_path / "log") as started:
        assert started.process.poll() is None

    assert started.process.poll() is not None


def test_a_process_that_ends_by_itself_is_told_with_its_last_words(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('no such disk')"]

    with (
        child("the disk", command, child_environment(), tmp_path / "log") as started,
        pytest.raises(Hindrance, match="the disk ended with 1: no such disk"),
    ):
        wait_for(lambda: False, started)


def test_nothing_of_a_developers_aws_reaches_our_processes(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")

    assert not [name for name in child_environment() if name.startswith("AWS_")]


def test_accounts_are_made_once_for_their_owner_only(tmp_path):
    path = tmp_path / "accounts.json"

    made = accounts.load_or_create(path)

    assert made == accounts.load_or_create(path)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert {"shopper", "merchant", "merchant2", "operator", "secrets"} == set(made)
    assert {"stripe", "btcpay", "aftership", "17track", "easypost"} == set(made["secrets"])
    assert 4 == len({made[role]["password"] for role in accounts.PEOPLE})


def test_a_remembered_place_in_a_forgotten_stream_is_forgotten(tmp_path):
    saved = {"payload": {"functions": {"a": 1}, "dynamodb_stream_positions": {"data": {"mapping": 40}}}}
    (tmp_path / "lambda.json").write_text(json.dumps(saved), encoding="utf-8")

    ministack_host.forget_stream_positions(tmp_path)

    kept = json.loads((tmp_path / "lambda.json").read_text(encoding="utf-8"))["payload"]
    assert {"functions": {"a": 1}, "dynamodb_stream_positions": {"data": {}}} == kept


def test_an_archive_is_unpacked_once_for_all_copies(tmp_path, monkeypatch):
    monkeypatch.setenv("UNPACKED_DIR", str(tmp_path / "unpacked"))
    archive = tmp_path / "code.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("app.py", "VALUE = 1\n")
    copies = [tmp_path / "first", tmp_path / "second"]

    for copy in copies:
        copy.mkdir()
        with ministack_host.SharedArchive(archive) as shared:
            shared.extractall(copy)

    assert ["VALUE = 1\n"] * 2 == [(copy / "app.py").read_text(encoding="utf-8") for copy in copies]
    assert 1 == len(list((tmp_path / "unpacked").iterdir()))


def test_the_bytes_of_an_archive_are_held_once_for_all_functions():
    def fetch(bucket, key, version_id=None):
        return None if key == "missing" else bytes(bytearray(99))  # new bytes each time

    fetched = ministack_host.Fetched(fetch)

    first, second = fetched("artefacts", "a1"), fetched("artefacts", "a2", version_id="7")

    assert first is second
    assert bytes(99) == first
    assert fetched("artefacts", "missing") is None


def test_the_template_differs_here_only_in_what_the_stand_in_cannot_take():
    artefact = package.build(targets.host())

    local, responses = localised(artefact)

    template, original = local.template, artefact.template["Resources"]
    left_out = {
        "WebACLAssociation",
        "ReleaseAlarm",
        *(f"{of}BucketPolicy" for of in ("Papers", "Payouts", "Exports")),
    }
    assert left_out == set(original) - set(template["Resources"])
    assert original["RestAPI"]["Properties"]["GatewayResponses"] == responses
    differing = {
        original[name]["Type"]
        for name, resource in template["Resources"].items()
        if resource != original[name]
    }
    assert {
        "AWS::IAM::Role",
        "AWS::Serverless::Api",
        "AWS::Serverless::Function",
        "AWS::Serverless::LayerVersion",
    } == differing


def test_functions_are_given_what_a_start_adds_to_their_environment():
    local, _ = localised(package.build(targets.host()), {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"})

    functions = [
        resource["Properties"]
        for resource in local.template["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    given = [function["Environment"]["Variables"] for function in functions]
    assert len(given) > 20
    assert {"http://127.0.0.1:9"} == {each["AWS_ENDPOINT_URL_DYNAMODB"] for each in given}


def test_the_stand_ins_start_by_their_commands(tmp_path):
    stripe, carriers, btcpay = free_ports(3)
    secrets = tmp_path / "secrets.json"
    secrets.write_text(
        json.dumps({"aftership": "a", "17track": "b", "easypost": "c", "stripe": "d"}), encoding="utf-8"
    )
    commands = {
        stripe: module("infra.local.stripe", "--port", str(stripe), "--webhook-url", "http://127.0.0.1:9/x"),
        carriers: module("infra.local.carriers", "--port", str(carriers), "--target", "http://127.0.0.1:9"),
    }
    commands[btcpay] = module(
        "infra.local.btcpay", "--port", str(btcpay), "--state", str(tmp_path / "b.json")
    )
    commands[stripe] += ["--webhook-secret", "whsec_x", "--state", str(tmp_path / "stripe.json")]
    commands[carriers] += ["--secrets", str(secrets)]

    for port, command in commands.items():
        with child("stand-in", command, child_environment(), tmp_path / "log") as started:
            wait_for(partial(listening, port), started)
            started.check()


def test_every_module_the_bare_python_imports_is_of_the_standard_library():
    allowed = {"infra", *sys.stdlib_module_names}
    folder = Path(setup.__file__).parent

    for name in (folder / "up.py", folder / "setup.py", folder.parent / "targets.py"):
        named = {
            line.split()[1].partition(".")[0]
            for line in name.read_text(encoding="utf-8").splitlines()
            if line.startswith(("import ", "from "))
        }
        assert named <= allowed
