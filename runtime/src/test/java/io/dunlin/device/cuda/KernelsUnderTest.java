package io.dunlin.device.cuda;

import java.nio.file.Path;

/** Opens a device with the kernels of training; on the stand-in they are those that g++ makes from the same source. */
final class KernelsUnderTest {
    static final Path SOURCE = Path.of("src/main/resources/io/dunlin/device/cuda/kernels.cu");

    private KernelsUnderTest() {}

    static CudaDevice open(Path cache) {
        return CudaDevice.open(CudaOptions.of(0, cache), new TrainingKernels());
    }
}
