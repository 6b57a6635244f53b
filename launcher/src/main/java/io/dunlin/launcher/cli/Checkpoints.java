package io.dunlin.launcher.cli;

import io.dunlin.checkpoint.CheckpointLocation;
import io.dunlin.checkpoint.format.LocalStorage;
import io.dunlin.launcher.agent.Runs;
import java.nio.file.Files;
import java.nio.file.Path;

/** Finds the checkpoints that a word on the command line means. */
final class Checkpoints {
    /** What the word may be. */
    static final String RUN = "Run folder, the beginning of its name, last, or a folder of checkpoints.";

    private Checkpoints() {}

    /**
     * The checkpoints meant.
     *
     * @param word a run as for every verb, or the path of a folder with checkpoints, or of one checkpoint
     */
    static CheckpointLocation find(String word) {
        Path given = Path.of(word);
        boolean checkpoints = Files.isDirectory(given) && !Files.exists(given.resolve("job.toml"));
        Path place = checkpoints ? given : new Runs(Path.of("runs")).find(word).root();
        return CheckpointLocation.of(place, new LocalStorage());
    }
}
