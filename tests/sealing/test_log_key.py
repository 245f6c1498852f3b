"""The key that signs how far logs go: made once, readable by its owner alone, and one for every process."""

import multiprocessing
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from server.app import create_app
from server.config import Config, ConfigurationError
from server.sealing.log_key import load_log_key
from server.sync.head_signature import verifying_key

ABOUT = ("0191e6a0-0000-7000-8000-000000000a0d", "0191e6a0-0000-7000-8000-00000000e0c1", 3, "7" * 64)
AT = "2026-11-27T09:29:47.123Z"


def test_it_is_made_once_and_nobody_but_the_owner_reads_it(tmp_path: Path):
    config = Config(data=str(tmp_path / "data"))
    name = load_log_key(config).name
    (key,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert load_log_key(config).name == name
    assert key.read_bytes() == before


@pytest.mark.slow
def test_processes_that_start_at_once_have_the_same_key(tmp_path: Path):
    with multiprocessing.get_context("fork").Pool(8) as processes:
        names = processes.map(_name_of_key, [str(tmp_path)] * 8)
    assert len(set(names)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["log.key"]


def _name_of_key(data: str) -> str:
    return load_log_key(Config(data=data)).name


def test_what_it_signs_verifies_and_nothing_else_does(tmp_path: Path):
    key = load_log_key(Config(data=str(tmp_path)))
    receipt = key.sign(*ABOUT, AT)
    assert verifying_key(receipt.statement, receipt.signature, [key.public_key]) == key.public_key
    for changed in ({"audit": ABOUT[1]}, {"epoch": ABOUT[0]}, {"seq": 4}, {"hash": "8" * 64}, {"at": AT[:-2] + "4Z"}):
        statement = replace(receipt, **changed).statement
        assert verifying_key(statement, receipt.signature, [key.public_key]) is None


def test_a_key_of_ones_own_is_taken(tmp_path: Path):
    path = tmp_path / "own.pem"
    path.write_bytes(_pem(ec.generate_private_key(ec.SECP256R1())))
    load_log_key(Config(data=str(tmp_path / "data"), log_key=str(path)))
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_a_key_that_cannot_be_used_stops_the_start_with_a_sentence(tmp_path: Path):
    texts = {
        "missing.pem": None,
        "words.pem": b"no key",
        "rsa.pem": _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "p384.pem": _pem(ec.generate_private_key(ec.SECP384R1())),
    }
    for name, text in texts.items():
        path = tmp_path / name
        if text is not None:
            path.write_bytes(text)
        with pytest.raises(ConfigurationError, match=name):
            create_app(Config(data=str(tmp_path / "data"), log_key=str(path)))


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form)
