package io.dunlin.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What this process finds of GPUs, without opening one.
 *
 * @param driver newest version of CUDA that the driver serves, for example 12060; 0 if there is no driver
 * @param all the GPUs, numbered as {@link CudaOptions#ordinal()} counts them
 * @param blas major version of the cuBLAS that is found: 12, or another, which does not serve; 0 if there is none
 * @param verdict whether a rank can compute on them
 */
public record Gpus(int driver, List<Gpu> all, int blas, Verdict verdict) {
    private static final int OLDEST_DRIVER = Requirements.CUDA * 1000;

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
    public record Gpu(String name, String computeCapability, long memoryBytes) {
        private boolean isTooOld() {
            int major = Integer.parseInt(computeCapability, 0, computeCapability.indexOf('.'), 10);
            return major < Requirements.CAPABILITY;
        }
    }

    /** Whether a rank can compute on GPUs here. */
    public sealed interface Verdict {
        /** It can. */
        record Usable() implements Verdict {}

        /** There is no GPU, or no driver for one: nothing that a person has to mend. */
        record Absent(CudaException why) implements Verdict {}

        /** There is something of a GPU, and it cannot be used as it is. */
        record Unusable(CudaException why) implements Verdict {}
    }

    /** Looks; loads the driver and cuBLAS into this process, if there are such. */
    public static Gpus look(CudaOptions options) {
        Optional<DriverQuery> driver = DriverQuery.find();
        int blas = blas(options.libraries());
        int version = 0;
        try {
            version = driver.map(DriverQuery::version).orElse(0);
            return judged(version, driver.map(DriverQuery::gpus).orElse(List.of()), blas);
        } catch (CudaException e) {
            return new Gpus(version, List.of(), blas, new Verdict.Unusable(e));
        }
    }

    /** Whether the cuBLAS that is found serves. */
    public static boolean serves(int blas) {
        return blas == Requirements.CUDA;
    }

    /** The first thing that keeps a rank from computing on a GPU; empty if nothing does. */
    public Optional<CudaException> missing() {
        return switch (verdict) {
            case Verdict.Usable() -> Optional.empty();
            case Verdict.Absent(CudaException why) -> Optional.of(why);
            case Verdict.Unusable(CudaException why) -> Optional.of(why);
        };
    }

    /** The version of CUDA that the driver serves, for example {@code 12.6}; empty if there is no driver. */
    public Optional<String> driverServes() {
        return OptionalInt.of(driver).stream()
                .filter(version -> version > 0)
                .mapToObj(version -> version / 1000 + "." + version % 1000 / 10)
                .findFirst();
    }

    /** Facts, and what follows from them. */
    static Gpus judged(int driver, List<Gpu> all, int blas) {
        Gpus found = new Gpus(driver, all, blas, new Verdict.Usable());
        return new Gpus(driver, all, blas, found.judge());
    }

    private Verdict judge() {
        if (driver == 0) {
            return new Verdict.Absent(Requirements.noDriver(new UnsatisfiedLinkError(Requirements.DRIVER)));
        }
        if (all.isEmpty()) {
            return new Verdict.Absent(unavailable("the driver finds no GPU", Requirements.COMPARE_GPUS));
        }
        if (driver < OLDEST_DRIVER) {
            return new Verdict.Unusable(unavailable(
                    "the driver serves CUDA %s, and 12.0 is needed"
                            .formatted(driverServes().orElseThrow()),
                    Requirements.INSTALL_DRIVER));
        }
        if (all.stream().anyMatch(Gpu::isTooOld)) {
            return new Verdict.Unusable(tooOld());
        }
        return serves(blas)
                ? new Verdict.Usable()
                : new Verdict.Unusable(Requirements.noBlas(blas, new UnsatisfiedLinkError(Requirements.BLAS)));
    }

    /** Ranks are dealt out over all GPUs that the process sees, so that each of them must serve. */
    private CudaException tooOld() {
        int first = ordinals(Gpu::isTooOld).findFirst().orElseThrow();
        String serving =
                ordinals(gpu -> !gpu.isTooOld()).mapToObj(String::valueOf).collect(Collectors.joining(","));
        return unavailable(
                "GPU %d (%s) has compute capability %s, and %d.0 or higher is needed"
                        .formatted(
                                first,
                                all.get(first).name(),
                                all.get(first).computeCapability(),
                                Requirements.CAPABILITY),
                serving.isEmpty()
                        ? "take a GPU of compute capability %d.0 or higher: A100, RTX 30 or newer"
                                .formatted(Requirements.CAPABILITY)
                        : "ranks take turns on all GPUs that they see: leave this one out, with"
                                + " CUDA_VISIBLE_DEVICES=" + serving);
    }

    private IntStream ordinals(Predicate<Gpu> wanted) {
        return IntStream.range(0, all.size()).filter(ordinal -> wanted.test(all.get(ordinal)));
    }

    private static CudaException unavailable(String what, String remedy) {
        return CudaException.unavailable(what, remedy, new IllegalStateException(what));
    }

    /** Major version of the cuBLAS that is found, the one that serves first; 0 if there is none. */
    static int blas(Optional<Path> libraries) {
        return IntStream.of(Requirements.CUDA, 13, 11)
                .filter(version -> findsBlas(version, libraries))
                .findFirst()
                .orElse(0);
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
