package io.dunlin.launcher.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.launcher.place.Installation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

final class ErrorCatalogTest {
    private static final Pattern CODE = Pattern.compile("\"(DUN-\\d{3})\"");
    /** An enum of codes may name them by number. */
    private static final Pattern ANY = Pattern.compile("DUN-\\d{3}");

    private final ErrorCatalog catalog = ErrorCatalog.load();

    @Test
    void shouldHaveAPageForEveryCodeInTheSources() throws IOException {
        Set<String> pages = new TreeSet<>(
                catalog.pages().stream().map(ErrorCatalog.Page::code).toList());

        assertThat(pages).containsAll(codes(ANY));
    }

    @Test
    void shouldHaveNoPageForACodeThatNothingUses() throws IOException {
        assertThat(codes(CODE))
                .containsAll(
                        catalog.pages().stream().map(ErrorCatalog.Page::code).toList());
    }

    @Test
    void shouldExplainInSentencesAndInOrder() {
        assertThat(catalog.pages())
                .extracting(ErrorCatalog.Page::code)
                .isSorted()
                .doesNotHaveDuplicates();
        assertThat(catalog.pages()).allSatisfy(page -> {
            assertThat(page.title()).doesNotEndWith(".");
            assertThat(page.text()).hasSizeGreaterThan(30);
        });
    }

    private static Set<String> codes(Pattern pattern) throws IOException {
        Set<String> codes = new TreeSet<>();
        Path home = Installation.current().home();
        try (Stream<Path> modules = Files.list(home)) {
            for (Path sources : modules.map(module -> module.resolve("src/main/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(sources)) {
                    files.filter(file -> file.toString().endsWith(".java"))
                            .flatMap(file -> pattern.matcher(read(file)).results())
                            .map(MatchResult::group)
                            .map(found -> found.replace("\"", ""))
                            .forEach(codes::add);
                }
            }
        }
        return codes;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
