package io.dunlin.launcher.place;

import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.device.cpu.MemorySource;
import io.dunlin.device.cuda.CudaDevice;
import io.dunlin.device.cuda.CudaException;
import io.dunlin.device.cuda.CudaOptions;
import io.dunlin.device.cuda.Gpus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a rank, or a verb, computes on: the one place that opens it.
 *
 * @param device open
 * @param kind which it is
 * @param remark what a person should know of how it was chosen
 */
public record ComputeDevice(Device device, Kind kind, Optional<Remark> remark) implements AutoCloseable {
    /** Where a rank really computes. */
    public enum Kind {
        CPU,
        CUDA
    }

    /** What a person should know of a device that was chosen. */
    public sealed interface Remark {
        /** For people. */
        String text();

        /** There is no GPU, or no driver for one: the CPU computes. */
        record NoGpu(String text) implements Remark {}

        /** There is something of a GPU that cannot be used as it is: the CPU computes until a person mends that. */
        record UnusableGpu(String text) implements Remark {}

        /** Ranks take turns on a GPU. */
        record Shared(String text) implements Remark {}
    }

    /**
     * Opens the device.
     *
     * @param choice what was asked for
     * @param seat of the rank: GPUs of a host are dealt out in turn
     * @param memory asked first for memory of the CPU; a GPU has its own
     * @param patience how long a wait for a GPU may last
     * @throws CudaException if a GPU was asked for and cannot be had, with what is missing
     */
    public static ComputeDevice open(DeviceChoice choice, Seat seat, MemorySource memory, Duration patience) {
        return switch (choice) {
            case CPU -> cpu(seat, memory, Optional.empty());
            case CUDA -> {
                Gpus gpus = Gpus.look(cudaOptions(0));
                if (gpus.missing().isPresent()) {
                    throw gpus.missing().get();
                }
                yield cuda(seat, gpus, patience);
            }
            case AUTO -> {
                Gpus gpus = Gpus.look(cudaOptions(0));
                yield gpus.missing().isEmpty()
                        ? cuda(seat, gpus, patience) // if it cannot be opened, that is for a person to mend
                        : cpu(seat, memory, unused(seat, gpus.verdict()));
            }
        };
    }

    /** Opens the device for a verb, which computes alone and may wait for a GPU as long as {@link CudaOptions#of} says. */
    public static ComputeDevice alone(DeviceChoice choice, int threads) {
        return open(
                choice, Seat.alone(threads), MemorySource.NONE, cudaOptions(0).deadline());
    }

    private static ComputeDevice cpu(Seat seat, MemorySource memory, Optional<Remark> remark) {
        CpuOptions options = CpuOptions.fast(seat.threads()).withMemory(memory);
        return new ComputeDevice(CpuDevice.open(options), Kind.CPU, remark);
    }

    private static ComputeDevice cuda(Seat seat, Gpus gpus, Duration patience) {
        CudaOptions options = cudaOptions(seat.gpu(gpus.all().size())).withDeadline(patience);
        return new ComputeDevice(CudaDevice.open(options), Kind.CUDA, shared(seat, gpus.all()));
    }

    /** GPU {@code ordinal}; unpacked libraries are kept where those for the CPU are. */
    public static CudaOptions cudaOptions(int ordinal) {
        return CudaOptions.of(ordinal, CpuOptions.userCache());
    }

    /** Why the CPU computes; said by the first rank of the host. */
    static Optional<Remark> unused(Seat seat, Gpus.Verdict verdict) {
        if (!seat.isFirst()) {
            return Optional.empty();
        }
        return switch (verdict) {
            case Gpus.Verdict.Usable() -> Optional.empty();
            case Gpus.Verdict.Absent(CudaException why) -> Optional.of(new Remark.NoGpu(text(why)));
            case Gpus.Verdict.Unusable(CudaException why) -> Optional.of(new Remark.UnusableGpu(text(why)));
        };
    }

    private static String text(CudaException why) {
        return "no GPU is used: %s; %s".formatted(why.getMessage(), why.remedy());
    }

    /** Said by the first rank of each GPU that has several. */
    static Optional<Remark> shared(Seat seat, List<Gpus.Gpu> gpus) {
        List<Integer> sharing = seat.sharing(gpus.size());
        if (sharing.size() == 1 || sharing.getFirst() != seat.rank()) {
            return Optional.empty();
        }
        int gpu = seat.gpu(gpus.size());
        String ranks = sharing.stream().map(String::valueOf).collect(Collectors.joining(", "));
        return Optional.of(new Remark.Shared(
                "ranks %s share GPU %d (%s): they take turns, and each takes memory of its own; one rank for each GPU is faster"
                        .formatted(ranks, gpu, gpus.get(gpu).name())));
    }

    @Override
    public void close() {
        device.close();
    }
}
