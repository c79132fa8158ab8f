"""A real browser, a desk that answers, and somebody who sits in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from spark_jobs.settings import Settings

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
DRIVER = shutil.which("chromedriver")
NEEDS_BROWSER = pytest.mark.skipif(
    not BROWSER or not DRIVER,
    reason="no browser here: install chromium and chromium-driver to look at the pages",
)
ARGUMENTS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
SECRET = "a long enough secret"


@contextmanager
def opened() -> Iterator[Any]:
    """A browser without a window, which keeps what its pages complain of."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for argument in ARGUMENTS:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def desk(settings: Settings, clock: Callable[[], datetime], approvers: tuple[str, ...]) -> Iterator[str]:
    """The address of a stewards' desk over this lake, with accounts of these approvers."""
    import uvicorn

    from spark_jobs.steward import accounts
    from spark_jobs.steward.web.app import make

    for name in approvers:
        accounts.add(settings.steward_accounts, name, "approver", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(make(settings, clock), log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


class Person:
    """Somebody at the browser."""

    def __init__(self, driver, address: str) -> None:
        self.driver, self.address = driver, address

    def width(self, pixels: int) -> None:
        view = {"width": pixels, "height": 900, "deviceScaleFactor": 1, "mobile": pixels < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)

    def visit(self, path: str) -> None:
        self.driver.get(self.address + path)

    def one(self, selector: str):
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def fill(self, selector: str, text: str) -> None:
        self.one(selector).send_keys(text)

    def click(self, selector: str) -> None:
        self.one(selector).click()

    @property
    def text(self) -> str:
        return self.one("body").text

    def log_in(self, name: str) -> None:
        self.driver.delete_all_cookies()
        self.visit("/login")
        self.fill("[name=name]", name)
        self.fill("[name=password]", SECRET)
        self.click(".login button")
        self.wait_for(".top nav")

    def wait_for(self, selector: str) -> None:
        """A click returns before the page it leads to is there."""
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support import expected_conditions as when
        from selenium.webdriver.support.wait import WebDriverWait

        WebDriverWait(self.driver, 20).until(when.presence_of_element_located((By.CSS_SELECTOR, selector)))

    def follow(self, words: str) -> None:
        from selenium.webdriver.common.by import By

        self.driver.find_element(By.LINK_TEXT, words).click()

    def picture(self, name: str) -> None:
        """Kept where somebody asks for pictures to look at."""
        folder = Path(os.environ.get("OXPECKER_TEST_PICTURES", ""))
        if folder.name:
            height = self.driver.execute_script("return document.documentElement.scrollHeight")
            width = self.driver.execute_script("return document.documentElement.clientWidth")
            view = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", view)
            self.driver.save_screenshot(str(folder / f"{name}.png"))
