package io.dunlin.device.cuda;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import jcuda.driver.CUresult;

/** The GPU, its driver or its libraries refused something; names the call that was told so. */
public final class CudaException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private final String call;
    private final int status;

    private CudaException(String code, String message, String remedy, String call, int status) {
        super(code, message, remedy, ExitCode.ENVIRONMENT);
        this.call = call;
        this.status = status;
    }

    private CudaException(String message, String remedy, Throwable cause) {
        super("DUN-420", message, remedy, ExitCode.ENVIRONMENT, cause);
        this.call = "load";
        this.status = 0;
    }

    /** The call that failed, for example {@code cuMemAlloc}. */
    public String call() {
        return call;
    }

    /** The number of the status it was answered with; 0 if there was no answer. */
    public int status() {
        return status;
    }

    /** Whether there was too little memory, on the GPU or pinned on the host. */
    public boolean isOfMemory() {
        return code().equals("DUN-422") || code().equals("DUN-424");
    }

    /** The same failure, where something else is to be tried than in training. */
    public CudaException advising(String otherRemedy) {
        CudaException same = new CudaException(code(), String.valueOf(getMessage()), otherRemedy, call, status);
        same.initCause(this);
        return same;
    }

    static CudaException unavailable(String what, String remedy, Throwable cause) {
        return new CudaException("CUDA cannot be used here: " + what, remedy, cause);
    }

    static CudaException failed(String call, String statusName, int status) {
        return new CudaException(
                "DUN-421",
                "%s failed with %s (%d)".formatted(call, statusName, status),
                "`nvidia-smi` shows whether the driver answers; the log of the kernel (`dmesg`) names faults of the GPU",
                call,
                status);
    }

    static CudaException outOfMemory(String call, String purpose, MemoryState memory) {
        return new CudaException(
                "DUN-422",
                "the GPU gave no memory for %s: %s".formatted(purpose, memory),
                "`nvidia-smi` shows who else holds memory; else run again with `--set train.recompute=layer`,"
                        + " a lower train.micro_batch, or a smaller model.preset",
                call,
                CUresult.CUDA_ERROR_OUT_OF_MEMORY);
    }

    /** What memory looked like when there was no more to give; negative is what the driver did not tell. */
    record MemoryState(long askedBytes, long heldBytes, long freeBytes, long totalBytes) {
        static final long UNKNOWN = -1;

        @Override
        public String toString() {
            return "%s, %,d bytes held by this rank, %s"
                    .formatted(
                            askedBytes < 0
                                    ? "the driver does not tell the bytes asked"
                                    : "%,d bytes asked".formatted(askedBytes),
                            heldBytes,
                            freeBytes < 0
                                    ? "it does not tell the bytes free"
                                    : "%,d of %,d bytes free".formatted(freeBytes, totalBytes));
        }
    }

    static CudaException fault(String call, String statusName, int status) {
        return new CudaException(
                "DUN-423",
                "the GPU stopped all work of this rank: %s told of %s (%d), caused by a kernel or copy before it"
                        .formatted(call, statusName, status),
                "start again; to find the kernel, run once with CUDA_LAUNCH_BLOCKING=1, or under compute-sanitizer",
                call,
                status);
    }

    static CudaException notPinned(String purpose, MemoryState host, int status) {
        return new CudaException(
                "DUN-424",
                "the system did not pin memory of the host for %s: %s".formatted(purpose, host),
                "raise the limit on locked memory (`ulimit -l unlimited`), or run fewer ranks on this host",
                "cuMemHostRegister",
                status);
    }

    static CudaException doesNotCompile(String name, String log, int status) {
        return new CudaException(
                "DUN-425",
                "kernel source %s does not compile:%n%s".formatted(name, log.strip()),
                "correct the source; it may include no header",
                "nvrtcCompileProgram",
                status);
    }

    static CudaException late(String what, String call, long waitedMs) {
        return new CudaException(
                "DUN-426",
                "%s was not done after %,d ms".formatted(what, waitedMs),
                "`nvidia-smi` shows whether the GPU still computes; after a hang of the GPU only a restart helps",
                call,
                0);
    }
}
