package io.dunlin.launcher.doctor;

import io.dunlin.device.cuda.Gpus;
import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.launcher.report.Readable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** GPUs are needed by jobs that ask for them, and welcome to the others. */
final class GpuCheck implements Check {
    private static final String NONE = "none: ranks compute on the CPU";

    private final Probe<GpuProbe.Facts> probe;
    private final DeviceChoice choice;
    private final int ranks;

    /** For a job with {@code ranks} on this host. */
    GpuCheck(Probe<GpuProbe.Facts> probe, DeviceChoice choice, int ranks) {
        this.probe = probe;
        this.choice = choice;
        this.ranks = ranks;
    }

    @Override
    public String title() {
        return "GPU";
    }

    @Override
    public Finding look() throws Exception {
        GpuProbe.Facts facts;
        try {
            facts = probe.get();
        } catch (Probe.BrokenException e) {
            return unusable(
                    "a process that asked the driver of the GPU ended with: " + e.getMessage(), "install it again");
        }
        if (facts.problem().isEmpty()) {
            return usable(facts);
        }
        GpuProbe.Problem problem = facts.problem().get();
        if (choice != DeviceChoice.CUDA && facts.gpus().isEmpty() && problem.isAbsence()) {
            return new Finding.Ok(NONE);
        }
        return unusable(found(facts) + problem.text(), problem.remedy());
    }

    private Finding usable(GpuProbe.Facts facts) {
        String text = found(facts) + "opened, kernels loaded";
        int gpus = facts.gpus().size();
        if (choice == DeviceChoice.CPU) {
            return new Finding.Ok(text + "; the job does not ask for it (train.device = \"auto\")");
        }
        return ranks <= gpus
                ? new Finding.Ok(text)
                : new Finding.Warn(
                        "%s; %d ranks share %s".formatted(text, ranks, gpus == 1 ? "it" : gpus + " GPUs"),
                        "ranks on one GPU take turns: launch.ranks = %d is faster".formatted(gpus));
    }

    private Finding unusable(String text, String remedy) {
        return choice == DeviceChoice.CUDA
                ? new Finding.Fail(text, remedy + "; or compute on the CPU: train.device = \"cpu\"")
                : new Finding.Warn(text, remedy);
    }

    /** What there is, with a separator behind it; nothing if there is nothing. */
    private static String found(GpuProbe.Facts facts) {
        Map<Gpus.Gpu, Integer> alike = new LinkedHashMap<>();
        facts.gpus().forEach(gpu -> alike.merge(gpu, 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        alike.forEach((gpu, count) -> parts.add("%s%s, compute capability %s, %s"
                .formatted(
                        count == 1 ? "" : count + " x ",
                        gpu.name(),
                        gpu.computeCapability(),
                        Readable.memory(gpu.memoryBytes()))));
        if (!facts.driver().isEmpty()) {
            parts.add("driver for CUDA " + facts.driver());
        }
        if (facts.blas() == 12) {
            parts.add("cuBLAS 12");
        }
        return parts.stream().map(part -> part + "; ").collect(Collectors.joining());
    }
}
