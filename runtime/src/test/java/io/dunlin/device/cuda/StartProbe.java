package io.dunlin.device.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** A process that opens the GPU and copies there and back. The libraries come by LD_LIBRARY_PATH, as a rank's do. */
final class StartProbe {
    private StartProbe() {}

    public static void main(String[] arguments) {
        try (CudaDevice device = TestKernels.open(CudaOptions.of(0, Path.of(arguments[0])))) {
            CudaStream stream = (CudaStream) device.stream("probe");
            MemorySegment host = device.allocateHost("probe", 4096);
            MemorySegment memory = device.allocate("probe", 4096);
            host.fill((byte) 3);
            stream.upload(host, memory);
            stream.download(memory, host);
            stream.synchronize();
            device.owns(device.context().call(() -> new Blas(stream)));
        }
        // Nothing else: the exit status says whether it came up.
    }
}
