package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What README and docs tell people to type must at least be understood; README's commands are also run, elsewhere. */
final class DocumentedCommandsTest {
    private static final Pattern IN_BLOCK = Pattern.compile("(?m)^\\$ \\./dunlin (.+)$");
    private static final Pattern IN_LINE = Pattern.compile("`\\./dunlin ([^`]+)`");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|\"([^\"]*)\"|(\\S+)");

    static Stream<String> commands() throws IOException {
        Path home = Installation.current().home();
        try (Stream<Path> docs = Files.list(home.resolve("docs"))) {
            List<Path> pages = new ArrayList<>(
                    docs.filter(page -> page.toString().endsWith(".md")).toList());
            pages.add(home.resolve("README.md"));
            return pages.stream().map(DocumentedCommandsTest::read).flatMap(text -> Stream.of(IN_BLOCK, IN_LINE)
                    .flatMap(pattern -> pattern.matcher(text).results().map(found -> found.group(1))));
        }
    }

    @ParameterizedTest
    @MethodSource("commands")
    void shouldBeUnderstood(String command) {
        CommandLineTool tool = new CommandLineTool(new RecordedTerminal().terminal(), "io.dunlin.launcher.Dunlin");

        assertThatCode(() -> tool.commandLine().parseArgs(words(command))).doesNotThrowAnyException();
    }

    /** As a shell would: quotes keep words together. */
    private static String[] words(String command) {
        Matcher matcher = WORD.matcher(command);
        List<String> words = new ArrayList<>();
        while (matcher.find()) {
            words.add(Stream.of(1, 2, 3)
                    .map(matcher::group)
                    .filter(group -> group != null)
                    .findFirst()
                    .orElseThrow());
        }
        return words.toArray(String[]::new);
    }

    private static String read(Path page) {
        try {
            return Files.readString(page);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
