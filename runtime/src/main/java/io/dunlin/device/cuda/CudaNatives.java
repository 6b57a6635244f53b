package io.dunlin.device.cuda;

import io.dunlin.device.natives.NativeFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;
import jcuda.nvrtc.JNvrtc;

/**
 * Loads what is native: the driver, cuBLAS, and JCuda's bridges to them. Nothing else may touch a class of JCuda that has
 * native methods before this has.
 *
 * <p>Left alone, JCuda copies each bridge to the system's temporary folder, under one name for all users and versions,
 * and loads what lies there, even when another process has written only half of it: of ranks that start together some
 * crash. So the bridges are unpacked by {@link NativeFolder} first, and while a class of JCuda initialises it is told that
 * the temporary folder is where its bridge lies complete.
 *
 * <p>A class whose bridge did not load stays broken for the life of the JVM. So the libraries behind the bridges are
 * looked up first, and what is missing ends in an error that says so.
 */
final class CudaNatives {
    private static final String TEMPORARY_FOLDER = "java.io.tmpdir";

    private CudaNatives() {}

    /** Loads the driver and cuBLAS; later calls find everything loaded. */
    static synchronized void load(CudaOptions options) {
        requirePlatform();
        require(Requirements.DRIVER, Requirements::noDriver);
        options.libraries().ifPresent(folder -> loadFrom(folder, List.of("libcublasLt.so.12", Requirements.BLAS)));
        require(Requirements.BLAS, cause -> Requirements.noBlas(Gpus.blas(options.libraries()), cause));
        initialise("JCudaDriver", options, () -> JCudaDriver.setExceptionsEnabled(false));
        initialise("JCublas2", options, () -> JCublas2.setExceptionsEnabled(false));
    }

    /** Loads the compiler for kernels of users, which needs nothing of a GPU. */
    static synchronized void loadCompiler(CudaOptions options) {
        requirePlatform();
        options.libraries().ifPresent(folder -> loadFrom(folder, List.of(Requirements.COMPILER)));
        require(Requirements.COMPILER, Requirements::noCompiler);
        initialise("JNvrtc", options, () -> JNvrtc.setExceptionsEnabled(false));
    }

    private static void requirePlatform() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String processor = System.getProperty("os.arch");
        if (!system.startsWith("linux") || !processor.equals("amd64")) {
            throw CudaException.unavailable(
                    "JCuda has native libraries for Linux on x86-64, this is %s on %s".formatted(system, processor),
                    "train on the CPU",
                    new UnsupportedOperationException());
        }
    }

    /** Whether the system finds a library; one that is loaded already it finds by its name, wherever it lies. */
    private static void require(String library, Function<Throwable, CudaException> missing) {
        try {
            SymbolLookup.libraryLookup(library, Arena.global());
        } catch (IllegalArgumentException e) {
            throw missing.apply(e);
        }
    }

    private static void loadFrom(Path folder, List<String> names) {
        for (String name : names) {
            Path file = folder.resolve(name);
            if (!Files.exists(file)) {
                continue;
            }
            try {
                System.load(file.toAbsolutePath().toString());
            } catch (UnsatisfiedLinkError e) {
                throw CudaException.unavailable(
                        file + " does not load", "see that it is for this machine, and its version 12", e);
            }
        }
    }

    /**
     * JCuda unpacks its libraries into the temporary folder under names that all processes share; there, for as long as a
     * bridge begins, it finds the one that was unpacked whole.
     */
    static void initialise(String bridge, CudaOptions options, Runnable firstUse) {
        String resource = "lib/lib%s-12.6.0-linux-x86_64.so".formatted(bridge);
        Optional<List<Path>> unpacked;
        try {
            unpacked = new NativeFolder(options.nativeCache().toAbsolutePath()).unpack(List.of(resource));
        } catch (UncheckedIOException e) {
            throw CudaException.unavailable(
                    "%s cannot be written".formatted(options.nativeCache()),
                    "make the folder one that can be written",
                    e);
        }
        Path file = unpacked.orElseThrow(() -> CudaException.unavailable(
                        resource + " is not on the class path", "build Dunlin again", new IOException(resource)))
                .getFirst();
        settleTemporaryFolder();
        String usual =
                System.setProperty(TEMPORARY_FOLDER, file.resolveSibling("").toString());
        try {
            firstUse.run();
        } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
            throw CudaException.unavailable(
                    file + " does not load", "build Dunlin again: the library may be damaged", e);
        } finally {
            restore(usual);
        }
    }

    /** The JDK reads the property once, for the first file: that must not be while it is another. */
    private static void settleTemporaryFolder() {
        try {
            Files.delete(Files.createTempFile("dunlin", ""));
        } catch (IOException e) {
            throw CudaException.unavailable("no file can be made in the temporary folder", "make room in it", e);
        }
    }

    @SuppressWarnings("NullAway") // a JVM has a temporary folder
    private static void restore(String usual) {
        System.setProperty(TEMPORARY_FOLDER, usual);
    }
}
