package io.dunlin.launcher.doctor;

/** Kernels that are not matrix products are written with the Vector API. */
final class VectorCheck implements Check {
    private static final int NARROW = 256;

    private final Probe<RankProbe.Facts> rank;

    VectorCheck(Probe<RankProbe.Facts> rank) {
        this.rank = rank;
    }

    @Override
    public String title() {
        return "Vector API";
    }

    @Override
    public Finding look() throws Exception {
        try {
            int bits = rank.get().vectorBits();
            return bits >= NARROW
                    ? new Finding.Ok(bits + "-bit")
                    : new Finding.Warn(
                            bits + "-bit", "training works, but slowly: a CPU with AVX2 or AVX-512 is quicker");
        } catch (Probe.BrokenException e) {
            return new Finding.Fail(
                    "a process started like a rank " + e.getMessage(), "check JAVA_HOME and conf/jvm.options");
        }
    }
}
