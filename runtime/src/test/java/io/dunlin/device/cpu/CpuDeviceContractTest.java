package io.dunlin.device.cpu;

import io.dunlin.device.Device;
import io.dunlin.device.DeviceContract;

class CpuDeviceContractTest extends DeviceContract {
    @Override
    protected Device open() {
        return CpuDevice.open(CpuOptions.plain());
    }
}
