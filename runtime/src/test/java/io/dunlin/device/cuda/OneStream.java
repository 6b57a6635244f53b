package io.dunlin.device.cuda;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** A device with one stream and its kernels, and vectors that are on the host and on the device. */
final class OneStream implements AutoCloseable {
    private final CudaDevice device;
    private final CudaStream stream;
    private final Runnable close;

    private OneStream(CudaDevice device, Runnable close) {
        this.device = device;
        this.close = close;
        this.stream = (CudaStream) device.stream("test");
    }

    static OneStream open(Path cache) {
        CudaDevice opened = KernelsUnderTest.open(cache);
        return new OneStream(opened, opened::close);
    }

    /** Of a device that stays open. */
    static OneStream of(CudaDevice device) {
        return new OneStream(device, () -> {});
    }

    CudaKernels kernels() {
        return (CudaKernels) stream.kernels();
    }

    Twin tensor(DType type, long elements) {
        MemorySegment onHost = Arena.ofAuto().allocate(Math.max(8, elements * type.bytes()), 64);
        return new Twin(
                stream,
                Tensor.of(type, Shape.of(elements), onHost),
                Tensor.of(type, Shape.of(elements), device.allocate("test", onHost.byteSize())));
    }

    @Override
    public void close() {
        close.run();
    }

    /** A vector in both places. */
    record Twin(CudaStream stream, Tensor host, Tensor device) {
        void upload() {
            stream.upload(host.segment(), device.segment());
        }

        /** And waits. */
        void download() {
            stream.download(device.segment(), host.segment());
            stream.synchronize();
        }

        /** Elements of the device's vector. */
        Tensor part(long first, long count) {
            MemorySegment slice =
                    device.segment().asSlice(first * device.dtype().bytes());
            return Tensor.of(device.dtype(), Shape.of(count), slice);
        }
    }
}
