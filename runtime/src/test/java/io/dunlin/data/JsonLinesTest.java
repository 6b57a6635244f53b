package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonLinesTest {
    @Test
    void shouldReadTheTextOfEachLine() throws IOException {
        assertThat(documents("""
                {"text": "one"}
                {"id": {"text": "no"}, "tags": ["a", {"text": 1}], "text": "two\\nlines \\u00e9", "n": null}

                \t
                {"text": ""}
                {"text": "last"}""")).containsExactly("one", "two\nlines \u00e9", "", "last");
        assertThat(documents("")).isEmpty();
        assertThat(documents("\n\n")).isEmpty();
        assertThat(documents("{\"text\":\"dos\"}\r\n{\"text\":\"lines\"}\r\n")).containsExactly("dos", "lines");
        assertThat(documents("\uFEFF{\"text\":\"mark\"}")).containsExactly("mark");
    }

    @Test
    void shouldReadLinesLongerThanItsBuffer() throws IOException {
        String text = "0123456789".repeat(50_000);

        assertThat(documents("{\"text\":\"%s\"}\n{\"text\":\"short\"}".formatted(text)))
                .containsExactly(text, "short");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[1, 2]                    | it is not a JSON object",
                "\"text\"                  | it is not a JSON object",
                "{\"txt\": \"x\", \"id\": 1} | it has no \"text\" (its fields: txt, id)",
                "{}                        | it has no \"text\" (it has no fields)",
                "{\"text\": [\"x\"]}       | its \"text\" is not a string",
                "{\"text\": \"x\"} {}      | more follows behind the object",
            })
    void shouldSayWhatIsWrongInALine(String line, String what) {
        assertThatThrownBy(() -> documents("{\"text\": \"fine\"}\n\n" + line + "\n"))
                .isInstanceOf(DataException.class)
                .hasMessage("some.jsonl:3: " + what);
    }

    @Test
    void shouldSayInWhichColumnALineBreaksOff() {
        assertThatThrownBy(() -> documents("{\"text\": \"fine\"}\n{\"text\" x}"))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("some.jsonl:2: column 9: Unexpected character ('x'");
        assertThatThrownBy(() -> documents("{\"text\": \"fine\"}\n{\"text\": \"x"))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("some.jsonl:2: column 12: Unexpected end-of-input");
    }

    private static List<String> documents(String file) throws IOException {
        JsonLines lines = new JsonLines("some.jsonl", new ByteArrayInputStream(file.getBytes(StandardCharsets.UTF_8)));
        List<String> documents = new ArrayList<>();
        for (Optional<byte[]> document = lines.next(); document.isPresent(); document = lines.next()) {
            documents.add(new String(document.get(), StandardCharsets.UTF_8));
        }
        return documents;
    }
}
