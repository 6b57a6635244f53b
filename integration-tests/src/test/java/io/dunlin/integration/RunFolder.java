package io.dunlin.integration;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a run leaves on disk, read as a user's script would read it. */
record RunFolder(Path path) {
    private static final JsonMapper JSON = new JsonMapper();

    /** Loss and norm of a step. */
    record Step(double loss, double gradientNorm) {}

    /** The last entry of each step: a step that was repeated after a restart counts as it came out in the end. */
    SortedMap<Long, Step> steps() {
        SortedMap<Long, Step> steps = new TreeMap<>();
        for (String line : lines("metrics.jsonl")) {
            JsonNode entry = JSON.readTree(line);
            if (entry.has("grad_norm")) {
                steps.put(
                        entry.get("step").asLong(),
                        new Step(
                                entry.get("loss").asDouble(),
                                entry.get("grad_norm").asDouble()));
            }
        }
        return steps;
    }

    /** Of each reported step, in order. */
    List<Double> tokensPerSecond() {
        return lines("metrics.jsonl").stream()
                .map(JSON::readTree)
                .filter(entry -> entry.has("grad_norm"))
                .map(entry -> entry.get("tokens_per_second").asDouble())
                .toList();
    }

    /** The newest step in the metrics; 0 before the first. */
    long lastStep() {
        SortedMap<Long, Step> steps = steps();
        return steps.isEmpty() ? 0 : steps.lastKey();
    }

    /** Waits until the metrics have {@code step}. */
    void awaitStep(long step) {
        await("step " + step)
                .atMost(DunlinProcess.PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> lastStep() >= step);
    }

    /** {@code run.json}. */
    JsonNode json() {
        try {
            return JSON.readTree(Files.readString(path.resolve("run.json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Processes of the newest generation, by rank. */
    List<Long> rankPids() {
        List<Long> pids = new ArrayList<>();
        for (JsonNode rank : json().path("ranks")) {
            pids.add(rank.path("pid").asLong());
        }
        return pids;
    }

    /** Folders of complete checkpoints, oldest first. */
    List<Path> checkpoints() {
        try (Stream<Path> folders = Files.list(path.resolve("ckpt"))) {
            return folders.filter(folder -> folder.getFileName().toString().matches("step-\\d+"))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Steps of complete checkpoints, ascending. */
    List<Long> savedSteps() {
        return checkpoints().stream()
                .map(folder -> Long.parseLong(folder.getFileName().toString().substring("step-".length())))
                .toList();
    }

    /** Makes an empty file, as a person asks for something. */
    void create(String name) {
        try {
            Files.createFile(path.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Complete lines of a file; none if it is not there yet. */
    private List<String> lines(String file) {
        try {
            String text = Files.readString(path.resolve(file));
            return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
