package io.dunlin.device.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * Builds the stand-in, and kernels for it, with g++; what was built from the same sources by the same compiler for the
 * same processor is taken from a cache. A folder of the cache appears by rename when it is complete, so tests of several
 * processes may build at once.
 */
final class StandInBuilder {
    /** The tests of every module may use the stand-in, from the module's folder or from the root. */
    private static final List<Path> PLACES = List.of(
            Path.of("src/test/cuda-standin"),
            Path.of("runtime/src/test/cuda-standin"),
            Path.of("../runtime/src/test/cuda-standin"));

    private static final String KERNELS = "../../main/resources/io/dunlin/device/cuda/kernels.cu";

    private final Path sources;
    private final Path cache;
    private final String machine;

    /**
     * Finds the sources and the compiler.
     *
     * @param searchPath folders to look for the compiler in, as in the variable PATH
     * @throws IOException if there is no g++
     */
    StandInBuilder(Path cache, String searchPath) throws IOException {
        this.sources = PLACES.stream()
                .map(place -> place.toAbsolutePath().normalize())
                .filter(Files::isDirectory)
                .findFirst()
                .orElseThrow(() -> new UncheckedIOException(new NoSuchFileException(
                        "the sources of the stand-in: a test runs in the folder of its module, or in the root")));
        this.cache = cache;
        this.machine = run(sources, List.of(compiler(searchPath).toString(), "--version")) + processorFlags();
    }

    /** With the compiler and the cache of whoever runs the tests. */
    static StandInBuilder ofThisMachine() throws IOException {
        return new StandInBuilder(
                Path.of(System.getProperty("user.home"), ".cache", "dunlin", "cuda-standin"),
                Objects.requireNonNullElse(System.getenv("PATH"), ""));
    }

    private static Path compiler(String searchPath) throws IOException {
        return Arrays.stream(searchPath.split(File.pathSeparator))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, "g++"))
                .filter(file -> Files.isRegularFile(file) && Files.isExecutable(file))
                .findFirst()
                .orElseThrow(() -> new NoSuchFileException("there is no g++ in " + searchPath));
    }

    private static String processorFlags() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("flags")).findFirst().orElse("");
        }
    }

    /** The folder with the three libraries. */
    Path libraries() throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(sources)) {
            files = all.filter(file -> !file.getFileName().toString().startsWith("test_"))
                    .sorted()
                    .toList();
        }
        return built("libraries-" + key(files), folder -> {
            run(sources, List.of("bash", sources.resolve("build.sh").toString(), folder.toString()));
        });
    }

    /** The library with the kernels of training. */
    Path trainingKernels() throws IOException {
        return kernels(sources.resolve(KERNELS).normalize());
    }

    /** The library with the kernels of {@code source}, compiled for the host. */
    Path kernels(Path source) throws IOException {
        Path libraries = libraries();
        String name = source.getFileName().toString().replace(".cu", ".so");
        Path folder = built("kernels-" + key(List.of(source, libraries.resolve("libcuda.so.1"))), partial -> {
            Path script = libraries.resolve("host_kernels.sh");
            Path library = partial.resolve(name);
            run(
                    partial,
                    List.of("bash", script.toString(), source.toAbsolutePath().toString(), library.toString()));
        });
        return folder.resolve(name);
    }

    private String key(List<Path> files) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(machine.getBytes(UTF_8));
            for (Path file : files) {
                digest.update(file.getFileName().toString().getBytes(UTF_8));
                digest.update(Files.readAllBytes(file));
            }
            return HexFormat.of().formatHex(digest.digest()).substring(0, 24);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @FunctionalInterface
    private interface Build {
        void into(Path folder) throws IOException;
    }

    private Path built(String name, Build build) throws IOException {
        Path folder = cache.resolve(name);
        if (Files.exists(folder)) {
            return folder;
        }
        Files.createDirectories(cache);
        Path partial = Files.createTempDirectory(cache, name + ".partial");
        try {
            build.into(partial);
            Files.move(partial, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | UncheckedIOException e) {
            delete(partial);
            if (!Files.exists(folder)) { // else another process was faster
                throw e;
            }
        }
        return folder;
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException problem) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    private static String run(Path folder, List<String> command) throws IOException {
        Process process = new ProcessBuilder(new ArrayList<>(command))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        try {
            int status = process.waitFor();
            if (status != 0) {
                throw new UncheckedIOException(
                        new IOException("%s ended with %d:%n%s".formatted(String.join(" ", command), status, output)));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        return output;
    }
}
