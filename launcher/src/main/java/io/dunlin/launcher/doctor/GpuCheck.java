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
    private static final String ASKED = "a process that asked the driver of the GPU ";
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
        } catch (Probe.LateException e) {
            return broken(
                    ASKED + e.getMessage(),
                    "`nvidia-smi` shows whether the driver answers, `dmesg` names faults of the GPU; else start the"
                            + " machine again, or install the driver again");
        } catch (Probe.BrokenException e) {
            return broken(ASKED + e.getMessage(), "install the driver again");
        }
        if (facts.problem().isEmpty()) {
            return usable(facts);
        }
        GpuProbe.Problem problem = facts.problem().get();
        String text = found(facts) + problem.text();
        return switch (problem.kind()) {
            case ABSENT -> choice == DeviceChoice.CUDA ? failed(text, problem.remedy()) : new Finding.Ok(NONE);
            case UNUSABLE ->
                choice == DeviceChoice.CUDA ? failed(text, problem.remedy()) : new Finding.Warn(text, problem.remedy());
            case BROKEN -> broken(text, problem.remedy());
        };
    }

    private Finding usable(GpuProbe.Facts facts) {
        String text = found(facts) + "each has computed a product and a kernel";
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

    /** A rank that takes a GPU if there is one takes this one, and fails. */
    private Finding broken(String text, String remedy) {
        return choice == DeviceChoice.CPU ? new Finding.Warn(text, remedy) : failed(text, remedy);
    }

    private static Finding failed(String text, String remedy) {
        return new Finding.Fail(text, remedy + "; or compute on the CPU: train.device = \"cpu\"");
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
        if (Gpus.serves(facts.blas())) {
            parts.add("cuBLAS " + facts.blas());
        }
        return parts.stream().map(part -> part + "; ").collect(Collectors.joining());
    }
}
