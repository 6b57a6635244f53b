package io.dunlin.device.cuda;

import jcuda.driver.CUdeviceptr;

/** A plain address as JCuda's type for memory of the GPU, and back: JCuda itself offers neither. */
final class DeviceAddress extends CUdeviceptr {
    /** For a call that writes an address here. */
    DeviceAddress() {}

    DeviceAddress(long address) {
        super(new CUdeviceptr(), address);
    }

    long value() {
        return getNativePointer() + getByteOffset();
    }
}
