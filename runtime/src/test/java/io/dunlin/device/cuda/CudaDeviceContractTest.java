package io.dunlin.device.cuda;

import io.dunlin.device.Device;
import io.dunlin.device.DeviceContract;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

@NeedsCuda
@Tag("cuda")
class CudaDeviceContractTest extends DeviceContract {
    @TempDir
    static Path cache;

    @Override
    protected Device open() {
        return TestKernels.open(CudaOptions.of(0, cache));
    }
}
