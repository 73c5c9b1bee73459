"""Linkage on Spark, in local mode: the same records become the same people. Needs the extra `spark` and Java 17."""

import pytest

import hiddenpop as hp

pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("ignore")
def test_one_setting_changes_the_engine(tmp_path):
    pytest.importorskip("pyspark", reason="install hiddenpop[spark]")
    made = hp.make_registers(hp.Design(population=600, probabilities=(0.4, 0.4, 0.4)), seed=4)
    path = made.write(tmp_path, key=False)
    here = hp.link_registers(path, replicates=3, seed=1)
    there = hp.link_registers(path, replicates=3, seed=1, engine="spark")
    assert there.table == here.table
    assert [one.digest for one in there.replicates] == [one.digest for one in here.replicates]
    assert there.records["person"].tolist() == here.records["person"].tolist()
