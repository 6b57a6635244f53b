package io.dunlin.device.cuda;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * How to open a GPU.
 *
 * @param ordinal which of the GPUs that this process sees, from 0
 * @param nativeCache folder for the unpacked native libraries and for compiled user kernels; made if missing
 * @param libraries folder with {@code libcublas.so.12} and its like, where the system would not find them by itself
 * @param deadline how long a wait for the GPU may last before it ends in an error
 */
public record CudaOptions(int ordinal, Path nativeCache, Optional<Path> libraries, Duration deadline) {
    /** Checks the number of the GPU. */
    public CudaOptions {
        if (ordinal < 0) {
            throw new IllegalArgumentException("GPUs are counted from 0, got " + ordinal);
        }
    }

    /** The same with another limit on waits for the GPU. */
    public CudaOptions withDeadline(Duration longest) {
        return new CudaOptions(ordinal, nativeCache, libraries, longest);
    }

    /** GPU {@code ordinal}, libraries as the system finds them, ten minutes for any wait. */
    public static CudaOptions of(int ordinal, Path nativeCache) {
        return new CudaOptions(ordinal, nativeCache, Optional.empty(), Duration.ofMinutes(10));
    }
}
