package io.dunlin.device.cpu;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;

/** The machine refused memory to the CPU device. */
public final class CpuException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private CpuException(String code, String message, String remedy) {
        super(code, message, remedy, ExitCode.ENVIRONMENT);
    }

    static CpuException outOfMemory(String purpose, long lengthBytes, long allocatedBytes) {
        return new CpuException(
                "DUN-410",
                "the system gave no memory for %s: %,d MiB asked, %,d MiB held already"
                        .formatted(purpose, lengthBytes >> 20, allocatedBytes >> 20),
                "lower train.micro_batch, set train.recompute = \"layer\", or choose a smaller model.preset");
    }
}
