package io.dunlin.parallel;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.util.concurrent.TimeUnit;

/** Ranks that cannot train together. */
public final class ParallelException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private ParallelException(String code, String message, String remedy, ExitCode exitCode) {
        super(code, message, remedy, exitCode);
    }

    /** Ranks were started with different facts. */
    static ParallelException disagreement(String message) {
        return new ParallelException(
                "DUN-531",
                message,
                "Start every rank from the same job file with the same --set options and the same version of dunlin, and say train.device = \"cuda\" or \"cpu\" where some hosts have no GPU.",
                ExitCode.USAGE);
    }

    /** DUN-535: tensors are to cross quantised where they cannot, or where that has no effect. */
    public static ParallelException quantization(String message, String remedy) {
        return new ParallelException("DUN-535", message, remedy, ExitCode.USAGE);
    }

    /** DUN-532: gradients do not leave a device, or do not come back to it. */
    public static ParallelException copyLate(String direction, long lengthBytes, int bucket, long waitedNs) {
        return new ParallelException(
                "DUN-532",
                "the copy of %,d bytes of gradients (bucket %d) %s the device has not ended within %d s"
                        .formatted(lengthBytes, bucket, direction, TimeUnit.NANOSECONDS.toSeconds(waitedNs)),
                "see whether the GPU answers: nvidia-smi; then: dunlin resume RUN",
                ExitCode.HANG);
    }

    /** DUN-532: the thread that carries gradients is in a call that does not return. */
    public static ParallelException carrierStuck(long waitedS) {
        return new ParallelException(
                "DUN-532",
                "the thread that carries gradients has not ended within %d s".formatted(waitedS),
                "see whether the GPU answers: nvidia-smi; then: dunlin resume RUN",
                ExitCode.HANG);
    }
}
