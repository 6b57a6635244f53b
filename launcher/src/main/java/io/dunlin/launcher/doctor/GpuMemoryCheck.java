package io.dunlin.launcher.doctor;

import io.dunlin.device.cuda.Gpus;
import io.dunlin.launcher.place.DeviceChoice;
import io.dunlin.launcher.place.Seat;
import io.dunlin.launcher.report.Readable;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Where ranks compute on GPUs, those hold weights, gradients, moments and activations; the host holds the JVMs and what is
 * staged on its way.
 */
final class GpuMemoryCheck implements Check {
    private static final Finding UNKNOWN =
            new Finding.Fail("that of the GPU is not known: see GPU", "solve that first");

    private final MemoryNeed need;
    private final Probe<GpuProbe.Facts> probe;
    private final DeviceChoice choice;
    private final MemoryCheck onCpu;

    /** Where there are no GPUs and need not be, {@code onCpu} looks. */
    GpuMemoryCheck(MemoryNeed need, Probe<GpuProbe.Facts> probe, DeviceChoice choice, MemoryCheck onCpu) {
        this.need = need;
        this.probe = probe;
        this.choice = choice;
        this.onCpu = onCpu;
    }

    @Override
    public String title() {
        return onCpu.title();
    }

    @Override
    public Finding look() throws Exception {
        if (choice == DeviceChoice.CPU) {
            return onCpu.look();
        }
        try {
            GpuProbe.Facts facts = probe.get();
            if (facts.problem().isEmpty()) {
                return onGpus(facts.gpus());
            }
            return choice == DeviceChoice.AUTO && facts.problem().get().kind() != GpuProbe.Kind.BROKEN
                    ? onCpu.look()
                    : UNKNOWN;
        } catch (Probe.BrokenException e) {
            return UNKNOWN;
        }
    }

    /** The GPU that is tightest decides. */
    private Finding onGpus(List<Gpus.Gpu> gpus) {
        List<Integer> ranks = IntStream.range(0, need.ranksHere()).boxed().toList();
        int used = Math.min(gpus.size(), need.ranksHere());
        Finding worst = new Finding.Ok("no rank computes on this host");
        double fullest = -1;
        for (int gpu = 0; gpu < used; gpu++) {
            int here = new Seat(gpu, ranks, 1).sharing(gpus.size()).size();
            long neededBytes = here * need.bytesOnGpu();
            double full = (double) neededBytes / gpus.get(gpu).memoryBytes();
            if (full > fullest) {
                fullest = full;
                worst = finding(gpu, gpus.get(gpu), here, neededBytes);
            }
        }
        return worst;
    }

    private Finding finding(int number, Gpus.Gpu gpu, int here, long neededBytes) {
        String text = "GPU %d has %s; %s"
                .formatted(number, Readable.memory(gpu.memoryBytes()), need.sentence(here, neededBytes));
        if (neededBytes > gpu.memoryBytes()) {
            String otherwise = "or more GPUs and parallel.shard = \"zero3\"";
            return new Finding.Fail(
                    text,
                    need.remedy(
                            gpu.memoryBytes() / here,
                            here == 1 ? otherwise : "no more ranks than GPUs (launch.ranks), " + otherwise));
        }
        return MemoryNeed.tight(neededBytes, gpu.memoryBytes())
                ? new Finding.Warn(text, MemoryNeed.TIGHT)
                : new Finding.Ok(text + "; the host has " + onCpu.availableText());
    }
}
