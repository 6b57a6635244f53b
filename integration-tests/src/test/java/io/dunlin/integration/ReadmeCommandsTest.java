package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README tells people to type works, in that order, as written; only the sizes are smaller here. */
class ReadmeCommandsTest {
    private static final Pattern CONSOLE = Pattern.compile("(?ms)^```console\n(.*?)^```");
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");
    private static final List<String> SMALLER = List.of(
            "model.layers=1", "train.steps=31", "train.tokens_per_step=1024", "train.micro_batch=4", "eval.batches=1");

    @TempDir
    private Path folder;

    @Test
    void shouldRunEveryCommandOfTheReadme() throws IOException {
        List<List<String>> commands =
                commands(Files.readString(Repository.root().resolve("README.md")));
        assertThat(commands).extracting(List::getFirst).contains("train", "sample", "resume");
        try (LocalCluster cluster = LocalCluster.in(folder)) {
            Files.copy(Repository.root().resolve("README.md"), folder.resolve("README.md"));
            Files.createDirectory(folder.resolve("recipes"));
            try (Stream<Path> recipes = Files.list(Repository.root().resolve("recipes"))) {
                for (Path recipe : recipes.toList()) {
                    Files.copy(recipe, folder.resolve("recipes").resolve(recipe.getFileName()));
                }
            }
            List<String> consoles = new ArrayList<>();
            for (List<String> command : commands) {
                String console = cluster.start(smaller(command).toArray(String[]::new))
                        .succeeds()
                        .text();

                assertThat(console).as("%s", command).isNotBlank().doesNotContain("\tat ", "DUN-");
                consoles.add(console);
            }
            assertThat(consoles.getFirst()).contains("2 ranks", "loss ", "next       dunlin sample runs/");
        }
    }

    /** What the README itself sets on the command line stays as it is, but for the length of the resumed run. */
    private static List<String> smaller(List<String> command) {
        List<String> small = new ArrayList<>(command);
        switch (command.getFirst()) {
            case "train" -> SMALLER.forEach(setting -> small.addAll(2, List.of("--set", setting)));
            case "resume" -> small.addAll(List.of("--set", "train.steps=34"));
            default -> {}
        }
        return small;
    }

    /** The arguments of each {@code $ ./dunlin} line of the console blocks. */
    private static List<List<String>> commands(String page) {
        List<List<String>> commands = new ArrayList<>();
        Matcher block = CONSOLE.matcher(page);
        while (block.find()) {
            block.group(1)
                    .lines()
                    .filter(line -> line.startsWith("$ ./dunlin "))
                    .forEach(line -> {
                        List<String> words = new ArrayList<>();
                        Matcher word = WORD.matcher(line.substring("$ ./dunlin ".length()));
                        while (word.find()) {
                            words.add(word.group(1) != null ? word.group(1) : word.group(2));
                        }
                        commands.add(words);
                    });
        }
        return commands;
    }
}
