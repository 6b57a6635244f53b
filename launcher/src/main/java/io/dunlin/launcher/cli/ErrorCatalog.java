package io.dunlin.launcher.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** A short page for every error code. The pages stand in {@code errors.md} beside this class. */
final class ErrorCatalog {
    private static final Pattern HEADING = Pattern.compile("(?m)^## (DUN-\\d{3})  (.+)$");

    private final SequencedMap<String, Page> pages;

    /**
     * A page.
     *
     * @param code for example {@code DUN-307}
     * @param title one line
     * @param text what it means, why it happens, what to do
     */
    record Page(String code, String title, String text) {}

    private ErrorCatalog(SequencedMap<String, Page> pages) {
        this.pages = pages;
    }

    static ErrorCatalog load() {
        try (InputStream in = ErrorCatalog.class.getResourceAsStream("errors.md")) {
            if (in == null) {
                throw new IllegalStateException("errors.md is not on the class path");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static ErrorCatalog parse(String text) {
        List<MatchResult> headings = HEADING.matcher(text).results().toList();
        SequencedMap<String, Page> pages = new LinkedHashMap<>();
        for (int i = 0; i < headings.size(); i++) {
            MatchResult heading = headings.get(i);
            int end = i + 1 < headings.size() ? headings.get(i + 1).start() : text.length();
            String body = text.substring(heading.end(), end).strip();
            pages.put(
                    heading.group(1),
                    new Page(heading.group(1), heading.group(2).strip(), body));
        }
        return new ErrorCatalog(pages);
    }

    Optional<Page> page(String code) {
        return Optional.ofNullable(pages.get(code));
    }

    List<Page> pages() {
        return List.copyOf(pages.sequencedValues());
    }
}
