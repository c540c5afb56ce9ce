"""The contract suite of the sides; its assertions explain themselves wherever they are imported."""

import pytest

pytest.register_assert_rewrite("tests.sides.contract")
