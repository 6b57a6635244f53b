package io.dunlin.device.cpu;

import java.nio.file.Path;

/**
 * How to open the CPU.
 *
 * @param threads that compute, the submitting one included; 1 or more
 * @param kernels which implementation
 * @param nativeCache folder for the unpacked native libraries; made if missing
 * @param memory asked first for all memory
 */
public record CpuOptions(int threads, KernelChoice kernels, Path nativeCache, MemorySource memory) {
    /** Checks that there is a thread to compute with. */
    public CpuOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be 1 or more, got " + threads);
        }
    }

    /** With memory from the system. */
    public CpuOptions(int threads, KernelChoice kernels, Path nativeCache) {
        this(threads, kernels, nativeCache, MemorySource.NONE);
    }

    /** This, with memory from elsewhere where that has some. */
    public CpuOptions withMemory(MemorySource memory) {
        return new CpuOptions(threads, kernels, nativeCache, memory);
    }

    /** Fast kernels on {@code threads} threads, native libraries in the user's cache folder. */
    public static CpuOptions fast(int threads) {
        return new CpuOptions(threads, KernelChoice.FAST, userCache());
    }

    /** Plain kernels; they run on the submitting thread alone. */
    public static CpuOptions plain() {
        return new CpuOptions(1, KernelChoice.PLAIN, userCache());
    }

    /** {@code ~/.cache/dunlin/native}. */
    public static Path userCache() {
        return Path.of(System.getProperty("user.home"), ".cache", "dunlin", "native");
    }
}
