package io.dunlin.launcher.doctor;

import io.dunlin.launcher.report.Readable;
import java.util.Locale;

/** Ranks of one host talk through shared memory: they must be able to, and quickly. */
final class LoopbackCheck implements Check {
    private final Probe<RankProbe.Facts> rank;
    private final int ranks;

    LoopbackCheck(Probe<RankProbe.Facts> rank, int ranks) {
        this.rank = rank;
        this.ranks = ranks;
    }

    @Override
    public String title() {
        return "Loopback";
    }

    @Override
    public Finding look() throws Exception {
        try {
            LoopbackProbe.Facts facts = rank.get().loopback();
            if (facts.problem().isEmpty()) {
                return new Finding.Ok(String.format(
                        Locale.ROOT,
                        "all-reduce between 2 ranks: 16 B in %.0f us, 4 MiB at %s/s",
                        facts.smallUs(),
                        Readable.bytes((long) facts.largeBytesPerSecond())));
            }
            return ranks > 1
                    ? new Finding.Fail(facts.problem(), facts.remedy())
                    : new Finding.Warn(facts.problem(), "one rank does not need it");
        } catch (Probe.BrokenException e) {
            return new Finding.Fail("not tried: see Vector API", "solve that first");
        }
    }
}
