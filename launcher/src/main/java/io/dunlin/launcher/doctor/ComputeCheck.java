package io.dunlin.launcher.doctor;

/** Matrix products run in oneDNN where it can be loaded, else in Java. */
final class ComputeCheck implements Check {
    private final Probe<RankProbe.Facts> rank;

    ComputeCheck(Probe<RankProbe.Facts> rank) {
        this.rank = rank;
    }

    @Override
    public String title() {
        return "Kernels";
    }

    @Override
    public Finding look() throws Exception {
        try {
            String device = rank.get().device();
            return device.contains("oneDNN") && !device.contains("cannot")
                    ? new Finding.Ok(device)
                    : new Finding.Warn(device, "training works, but slowly: oneDNN needs Linux on x86-64");
        } catch (Probe.BrokenException e) {
            return new Finding.Fail("no kernels: see Vector API", "solve that first");
        }
    }
}
