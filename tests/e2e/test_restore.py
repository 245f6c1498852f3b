"""Yesterday's backup was put back, and a tablet of the team is gone. What it had recorded comes back through another one."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Tablets
from tests.e2e.serving import Server
from tests.e2e.tablet import Tablet

pytestmark = pytest.mark.slow

DATABASE = "auditbook.sqlite3"


@pytest.fixture
def backup(served: Server, tmp_path: Path) -> Path:
    """The database as it lies there before anybody works today."""
    served.stop()
    shutil.copyfile(served.data / DATABASE, tmp_path / DATABASE)
    served.start()
    return tmp_path / DATABASE


def put_back(served: Server, backup: Path, *, with_key: bool = True) -> None:
    served.stop()
    for left in served.data.glob(f"{DATABASE}*"):
        left.unlink()
    shutil.copyfile(backup, served.data / DATABASE)
    if not with_key:
        (served.data / "log.key").unlink()
    assert "A new epoch has begun" in served.runs("restored")
    served.start()


def works_today(tablet: Tablets, served: Server) -> Tablet:
    """Aron raises a finding, Lena's tablet fetches it, his falls into the basin."""
    aron, lena = tablet.in_the_audit("aron"), tablet.in_the_audit("lena")
    aron.raise_finding("Minor nonconformity", title="Found by Aron")
    aron.syncs_now()
    lena.syncs_now()
    aron.close()
    return lena


def test_a_colleagues_finding_comes_back_though_his_tablet_is_gone(backup: Path, tablet: Tablets, served: Server):
    lena = works_today(tablet, served)
    put_back(served, backup)
    lena.signs_in_again()
    lena.syncs_now()
    expect(lena.page.get_by_text("does not count")).to_have_count(0)
    spare = tablet("spare")
    spare.sign_in("lena@nordlicht.example")
    spare.waits_until_ready_offline()
    spare.open_audit()
    spare.open_finding("Found by Aron")


def photos_on(served: Server) -> int:
    """How many the database knows. The files outlive it; without their rows nobody finds them."""
    with closing(sqlite3.connect(served.data / DATABASE)) as database:
        (count,) = database.execute("SELECT count(*) FROM blob").fetchone()
    return int(count)


def test_photos_that_the_backup_lacks_are_sent_again(backup: Path, tablet: Tablets, served: Server):
    before = photos_on(served)
    lena = tablet.in_the_audit("lena")
    lena.take_photos(2)
    lena.syncs_now()
    assert photos_on(served) == before + 2
    put_back(served, backup)
    assert photos_on(served) == before
    lena.signs_in_again()
    lena.syncs_now()
    assert photos_on(served) == before + 2


def test_what_nobody_can_prove_is_named_with_whose_it_is(backup: Path, tablet: Tablets, served: Server):
    lena = works_today(tablet, served)
    put_back(served, backup, with_key=False)
    lena.signs_in_again()
    lena.page.goto(f"{served.address}/#/sync")
    lena.page.get_by_role("button", name="Send now").click()
    expect(lena.page.get_by_text(re.compile(r"\d+ entries by Aron Weiss"))).to_be_visible(timeout=60_000)
    expect(lena.page.get_by_text("signed with another key").first).to_be_visible()
    expect(lena.page.get_by_text("signs with another key")).to_be_visible()
    lena.page.get_by_role("button", name="It was meant").click()
    expect(lena.page.get_by_text("signs with another key")).to_have_count(0)
