package io.dunlin.integration;

import io.dunlin.device.cuda.StandInEnvironment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A folder in which real {@code dunlin} commands run: a text, job files, and the run folders they make.
 *
 * <p>Closing it ends whatever a failed test has left running.
 */
final class LocalCluster implements AutoCloseable {
    private static final List<String> WORDS =
            List.of("public", "final", "class", "int", "void", "return", "new", "if", "(", ")", "{", "}", ";", "=");

    private final Path folder;
    private final List<DunlinProcess> started = new ArrayList<>();

    private final List<String> prefix;
    private final Map<String, String> environment;

    private LocalCluster(Path folder, List<String> prefix, Map<String, String> environment) {
        this.folder = folder;
        this.prefix = prefix;
        this.environment = environment;
    }

    /** In an empty folder, made if missing, with a text of about 60 KB that is the same every time. */
    static LocalCluster in(Path folder) {
        return in(folder, List.of(), Map.of());
    }

    /** The same, whose commands run behind {@code prefix}: on one of {@link ShapedLinks}, for example. */
    static LocalCluster in(Path folder, List<String> prefix) {
        return in(folder, prefix, Map.of());
    }

    /** The same, whose commands find GPUs. */
    static LocalCluster withGpus(Path folder, StandInEnvironment gpus) {
        return in(folder, List.of(), gpus.variables());
    }

    private static LocalCluster in(Path folder, List<String> prefix, Map<String, String> environment) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        LocalCluster cluster = new LocalCluster(folder, prefix, environment);
        Random random = new Random(11);
        StringBuilder text = new StringBuilder();
        while (text.length() < 60_000) {
            text.append(WORDS.get(random.nextInt(WORDS.size()))).append(random.nextInt(9) == 0 ? '\n' : ' ');
        }
        cluster.write("text.txt", text.toString());
        return cluster;
    }

    /** Where commands run. */
    Path folder() {
        return folder;
    }

    /** Writes a file of the folder. */
    Path write(String name, String content) {
        try {
            return Files.writeString(folder.resolve(name), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts any command. */
    DunlinProcess start(String... arguments) {
        Path console = folder.resolve("console-" + started.size() + ".txt");
        DunlinProcess process = DunlinProcess.start(prefix, environment, folder, console, List.of(arguments));
        started.add(process);
        return process;
    }

    /** Starts training in the folder of {@link #run(String)} of the same name. */
    DunlinProcess train(String name, TestJob job, int ranks) {
        write(name + ".toml", job.toml());
        return start(
                "train",
                name + ".toml",
                "--ranks",
                Integer.toString(ranks),
                "--run-dir",
                run(name).path().toString());
    }

    /** The run of that name. */
    RunFolder run(String name) {
        return new RunFolder(folder.resolve("runs").resolve(name));
    }

    @Override
    public void close() {
        started.forEach(DunlinProcess::destroy);
        Path runs = folder.resolve("runs");
        if (Files.isDirectory(runs)) {
            try (Stream<Path> all = Files.list(runs)) {
                all.filter(run -> Files.exists(run.resolve("run.json")))
                        .flatMap(run -> new RunFolder(run).rankPids().stream())
                        .flatMap(pid -> ProcessHandle.of(pid).stream())
                        .forEach(ProcessHandle::destroyForcibly);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
