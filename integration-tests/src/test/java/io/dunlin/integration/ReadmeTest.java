package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands that README shows, in its order, work as they stand; only the runs are made shorter. */
class ReadmeTest {
    private static final Pattern COMMAND = Pattern.compile("(?m)^\\$ \\./dunlin (.+)$");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    @TempDir
    private Path folder;

    @Test
    void shouldRunEveryCommandInItsOrder() throws IOException {
        Path home = Repository.root();
        Files.createDirectories(folder.resolve("recipes"));
        for (String file : List.of("README.md", "recipes/jdk-source.toml")) {
            Files.copy(home.resolve(file), folder.resolve(file));
        }
        List<String> commands = COMMAND.matcher(Files.readString(home.resolve("README.md")))
                .results()
                .map(found -> found.group(1))
                .toList();
        assertThat(commands).hasSizeGreaterThanOrEqualTo(3).first().asString().startsWith("train recipes/");

        int number = 0;
        for (String command : commands) {
            Path console = folder.resolve("console-" + number++ + ".txt");
            DunlinProcess process = DunlinProcess.start(folder, console, shortened(words(command), 6 * number))
                    .succeeds();
            assertThat(process.text()).as(command).isNotBlank();
        }
        assertThat(Files.readString(folder.resolve("console-0.txt")))
                .contains("2 ranks", "loss ", "next       dunlin sample runs/");
    }

    /** A later --set wins, so that a command may have one of its own. */
    private static List<String> shortened(List<String> command, int steps) {
        if (!List.of("train", "resume").contains(command.getFirst())) {
            return command;
        }
        List<String> shorter = new ArrayList<>(command);
        Stream.of(
                        "train.steps=" + steps,
                        "checkpoint.interval=3",
                        "eval.interval=3",
                        "eval.batches=1",
                        "eval.sample.interval=0")
                .forEach(set -> shorter.addAll(List.of("--set", set)));
        return shorter;
    }

    private static List<String> words(String command) {
        return WORD.matcher(command).results().map(ReadmeTest::word).toList();
    }

    private static String word(MatchResult found) {
        String quoted = found.group(1);
        return quoted == null ? found.group() : quoted;
    }
}
