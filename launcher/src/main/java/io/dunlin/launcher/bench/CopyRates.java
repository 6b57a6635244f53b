package io.dunlin.launcher.bench;

import io.dunlin.device.Device;
import io.dunlin.device.Kernels;
import io.dunlin.device.Stream;
import io.dunlin.launcher.bench.RateMeter.Subject;
import io.dunlin.launcher.bench.RateMeter.Work;
import io.dunlin.launcher.report.Readable;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.List;

/** Copies from memory of the host that is made for it, on a stream for each way. */
final class CopyRates {
    private final RateMeter meter;
    private final Device device;
    private final Workspace workspace;

    CopyRates(RateMeter meter, Device device, Workspace workspace) {
        this.meter = meter;
        this.device = device;
        this.workspace = workspace;
    }

    void measure(List<Long> sizesBytes) {
        long largest = Collections.max(sizesBytes);
        MemorySegment hostIn = device.allocateHost("copies", largest);
        MemorySegment hostOut = device.allocateHost("copies", largest);
        workspace.clear();
        MemorySegment deviceIn = workspace.take(largest);
        MemorySegment deviceOut = workspace.take(largest);
        Stream up = device.stream("up");
        Stream down = device.stream("down");
        for (long bytes : sizesBytes) {
            MemorySegment from = hostIn.asSlice(0, bytes);
            MemorySegment to = hostOut.asSlice(0, bytes);
            MemorySegment in = deviceIn.asSlice(0, bytes);
            MemorySegment out = deviceOut.asSlice(0, bytes);
            copy("to the device", bytes, () -> up.upload(from, in), up::synchronize);
            copy("to the host", bytes, () -> down.download(out, to), down::synchronize);
            copy(
                    "both ways, each",
                    bytes,
                    () -> {
                        up.upload(from, in);
                        down.download(out, to);
                    },
                    () -> {
                        up.synchronize();
                        down.synchronize();
                    });
            Kernels kernels = up.kernels();
            Tensor source = floats(in);
            Tensor target = floats(out);
            copy("within the device", bytes, () -> kernels.copy(source, target), up::synchronize);
        }
    }

    private void copy(String name, long bytes, Runnable submit, Runnable finish) {
        meter.measure(new Subject(name, Readable.memory(bytes), ""), Work.moving(bytes), submit, finish);
    }

    private static Tensor floats(MemorySegment segment) {
        return Tensor.of(DType.F32, Shape.of(segment.byteSize() / DType.F32.bytes()), segment);
    }
}
