package io.dunlin.device.cuda;

import java.nio.file.Path;

/** Opens a device with the kernels of training; on the stand-in, with those that g++ makes from the same source. */
final class KernelsUnderTest {
    static final Path SOURCE = Path.of("src/main/resources/io/dunlin/device/cuda/kernels.cu");

    private KernelsUnderTest() {}

    static CudaDevice open(Path cache) {
        if (!CudaStandIn.real()) {
            CudaStandIn.addKernels(SOURCE);
        }
        return CudaDevice.open(CudaOptions.of(0, cache), new TrainingKernels());
    }
}
