"""The browser of these tests, and a store with a live page."""

from tests.browser import browser as browser
