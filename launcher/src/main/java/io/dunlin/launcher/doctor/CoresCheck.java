package io.dunlin.launcher.doctor;

/** Ranks share the cores; more ranks than cores only wait for each other. */
final class CoresCheck implements Check {
    private final int ranks;
    private final int cores;

    CoresCheck(int ranks, int cores) {
        this.ranks = ranks;
        this.cores = cores;
    }

    @Override
    public String title() {
        return "Cores";
    }

    @Override
    public Finding look() {
        String share = "%d for %d %s".formatted(cores, ranks, ranks == 1 ? "rank" : "ranks");
        return ranks <= cores
                ? new Finding.Ok(share + ", " + cores / ranks + " each")
                : new Finding.Warn(
                        share + ": they take turns",
                        "good for trying things out; for speed use at most " + cores + " ranks on this host");
    }
}
