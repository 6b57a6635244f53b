package io.dunlin.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * What this process finds of GPUs, without opening one.
 *
 * @param driver newest version of CUDA that the driver serves, for example 12060; 0 if there is no driver
 * @param all the GPUs, numbered as {@link CudaOptions#ordinal()} counts them
 * @param blas major version of the cuBLAS that is found: 12, or another, which does not serve; 0 if there is none
 * @param missing the first thing that keeps a rank from computing on a GPU; empty if nothing does
 */
public record Gpus(int driver, List<Gpu> all, int blas, Optional<CudaException> missing) {
    private static final int SERVING = 12;
    private static final int OLDEST_DRIVER = SERVING * 1000;

    /** Copies the list. */
    public Gpus {
        all = List.copyOf(all);
    }

    /**
     * One GPU.
     *
     * @param name for people
     * @param computeCapability for example {@code 8.0}
     * @param memoryBytes in all
     */
    public record Gpu(String name, String computeCapability, long memoryBytes) {}

    /** Looks; loads the driver and cuBLAS into this process, if there are such. */
    public static Gpus look(CudaOptions options) {
        Optional<DriverQuery> driver = DriverQuery.find();
        int blas = IntStream.of(SERVING, 13, 11)
                .filter(version -> findsBlas(version, options.libraries()))
                .findFirst()
                .orElse(0);
        int version = 0;
        try {
            version = driver.map(DriverQuery::version).orElse(0);
            return judged(version, driver.map(DriverQuery::gpus).orElse(List.of()), blas);
        } catch (CudaException e) {
            return new Gpus(version, List.of(), blas, Optional.of(e));
        }
    }

    /** The version of CUDA that the driver serves, for example {@code 12.6}; empty if there is no driver. */
    public Optional<String> driverServes() {
        return OptionalInt.of(driver).stream()
                .filter(version -> version > 0)
                .mapToObj(version -> version / 1000 + "." + version % 1000 / 10)
                .findFirst();
    }

    /** Facts, and what they lack. */
    static Gpus judged(int driver, List<Gpu> all, int blas) {
        Gpus found = new Gpus(driver, all, blas, Optional.empty());
        return new Gpus(driver, all, blas, found.lacks());
    }

    private Optional<CudaException> lacks() {
        if (driver == 0) {
            return missing("there is no driver (libcuda.so.1)", "install the driver of NVIDIA, 525 or newer");
        }
        if (driver < OLDEST_DRIVER) {
            return missing(
                    "the driver serves CUDA %s, and 12.0 is needed"
                            .formatted(driverServes().orElseThrow()),
                    "install the driver of NVIDIA, 525 or newer");
        }
        if (all.isEmpty()) {
            return missing("the driver finds no GPU", "compare CUDA_VISIBLE_DEVICES with `nvidia-smi -L`");
        }
        if (blas != SERVING) {
            return missing(
                    "libcublas.so.12 is not found"
                            + (blas == 0 ? "" : ", and libcublas.so.%d does not serve".formatted(blas)),
                    (blas > SERVING
                                    ? "the driver is right, it runs programs of CUDA 12 too; beside CUDA %d "
                                            .formatted(blas)
                                    : "")
                            + "install cuBLAS of CUDA 12: package libcublas-12-x of NVIDIA or the distribution, or `pip"
                            + " install nvidia-cublas-cu12` with its folder nvidia/cublas/lib on LD_LIBRARY_PATH");
        }
        return Optional.empty();
    }

    private static Optional<CudaException> missing(String what, String remedy) {
        return Optional.of(CudaException.unavailable(what, remedy, new IllegalStateException(what)));
    }

    private static boolean findsBlas(int version, Optional<Path> libraries) {
        String name = "libcublas.so." + version;
        return libraries.map(folder -> folder.resolve(name)).filter(Gpus::loads).isPresent()
                || DriverQuery.library(name).isPresent();
    }

    private static boolean loads(Path file) {
        try {
            SymbolLookup.libraryLookup(file.toAbsolutePath(), Arena.global());
            return true;
        } catch (IllegalArgumentException missing) {
            return false;
        }
    }
}
