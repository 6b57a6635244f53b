package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.dunlin.device.Device;
import io.dunlin.device.Stream;
import io.dunlin.tensor.DType;
import java.time.Clock;
import java.util.List;
import java.util.function.LongSupplier;

/** What a device can do: matrix products, copies each way and both ways at once, and the other kernels of training. */
public final class DeviceBench {
    private static final List<DType> TYPES = List.of(DType.F32, DType.BF16);

    private DeviceBench() {}

    /**
     * What is measured.
     *
     * @param size of operands
     * @param seconds that each figure takes, about
     */
    public record Options(BenchSize size, double seconds) {}

    /** Figures that belong together. */
    public enum Table {
        /** Matrix products; sums are kept in F32. */
        PRODUCTS,
        /** Between host and device; the memory of the host is pinned where that matters. */
        COPIES,
        /** Everything else that training calls. */
        KERNELS
    }

    /**
     * One figure.
     *
     * @param table it belongs to
     * @param name of the operation
     * @param shape of its operands
     * @param dtype of activations; empty for copies of bytes
     * @param p50Us microseconds of one call, the median
     * @param bytesPerSecond that a copy moves, each way, or that a kernel has to read and to write; 0 where computing bounds
     * @param flopsPerSecond 0 where memory bounds
     */
    public record Row(
            Table table,
            String name,
            String shape,
            String dtype,
            @JsonProperty("p50_us") double p50Us,
            @JsonProperty("bytes_per_second") double bytesPerSecond,
            @JsonProperty("flops_per_second") double flopsPerSecond) {}

    /**
     * All figures.
     *
     * @param machine where they were measured
     * @param device for people
     * @param standIn whether the device only looks like a GPU: the figures mean nothing about one
     * @param size of operands
     */
    public record Result(
            @JsonUnwrapped Machine machine,
            String device,
            @JsonProperty("stand_in") boolean standIn,
            String size,
            List<Row> rows) {}

    /** Who is told of a figure while others are measured. */
    public interface Listener {
        /** Figures of this table follow. */
        void begins(Table table);

        /** A figure is there. */
        void measured(Row row);
    }

    /**
     * Measures on a device, which should have nothing else to do.
     *
     * @param clockNs {@code System::nanoTime}
     */
    public static Result run(Device device, Options options, LongSupplier clockNs, Listener listener) {
        Stream stream = device.stream("compute");
        BenchSize size = options.size();
        Workspace workspace = new Workspace(device, stream, size.workspaceBytes());
        RateMeter meter = new RateMeter(new Repeats(clockNs, options.seconds()), listener);
        meter.begin(Table.PRODUCTS);
        TYPES.forEach(type -> new ProductRates(meter, stream, workspace, type).measure(size.products()));
        meter.begin(Table.COPIES);
        new CopyRates(meter, device, workspace).measure(size.copiesBytes());
        meter.begin(Table.KERNELS);
        TYPES.forEach(type -> new KernelRates(meter, stream, workspace, type).measure(size));
        return new Result(
                Machine.local(Clock.systemUTC()),
                device.description(),
                StandIn.is(device.description()),
                size.label(),
                meter.rows());
    }
}
