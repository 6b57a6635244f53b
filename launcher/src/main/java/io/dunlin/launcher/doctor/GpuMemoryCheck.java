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

    private final Need need;
    private final Probe<GpuProbe.Facts> probe;
    private final DeviceChoice choice;
    private final MemoryCheck onCpu;

    /**
     * What ranks hold.
     *
     * @param parameters of the model
     * @param bytesPerParameter of weights, gradients and moments
     * @param ranks on this host
     */
    record Need(long parameters, long bytesPerParameter, int ranks) {}

    /** Where there are no GPUs and need not be, {@code onCpu} looks. */
    GpuMemoryCheck(Need need, Probe<GpuProbe.Facts> probe, DeviceChoice choice, MemoryCheck onCpu) {
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
        List<Integer> ranks = IntStream.range(0, need.ranks()).boxed().toList();
        int used = Math.min(gpus.size(), need.ranks());
        Finding worst = new Finding.Ok("no rank computes on this host");
        double fullest = -1;
        for (int gpu = 0; gpu < used; gpu++) {
            int here = new Seat(gpu, ranks, 1).sharing(gpus.size()).size();
            long neededBytes = here * need.parameters() * need.bytesPerParameter();
            double full = (double) neededBytes / gpus.get(gpu).memoryBytes();
            if (full > fullest) {
                fullest = full;
                worst = finding(gpu, gpus.get(gpu), here, neededBytes);
            }
        }
        return worst;
    }

    private Finding finding(int number, Gpus.Gpu gpu, int here, long neededBytes) {
        String text = "GPU %d has %s; %d %s of %s parameters need %s and their activations"
                .formatted(
                        number,
                        Readable.memory(gpu.memoryBytes()),
                        here,
                        here == 1 ? "rank" : "ranks",
                        Readable.about(need.parameters()),
                        Readable.memory(neededBytes));
        if (neededBytes > gpu.memoryBytes()) {
            return new Finding.Fail(
                    text, "take a smaller model (model.preset), or no more ranks than GPUs (launch.ranks)");
        }
        return neededBytes > gpu.memoryBytes() / 2
                ? new Finding.Warn(text, MemoryCheck.TIGHT)
                : new Finding.Ok(text + "; the host has " + onCpu.availableText());
    }
}
