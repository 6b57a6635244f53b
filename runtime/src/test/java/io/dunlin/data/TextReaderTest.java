package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;

class TextReaderTest {
    private static final Tokenizer GPT2 = Tokenizer.named("gpt2");

    @Property(tries = 300)
    void shouldGiveTheTokensOfTheWhole(
            @ForAll @StringLength(max = 300) @Chars({'a', 'b', ' ', '\n', '\'', 's', '\u00e9', '7'}) String text,
            @ForAll @IntRange(min = 1, max = 40) int partBytes)
            throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        TextReader reader = new TextReader(new ByteArrayInputStream(bytes), GPT2, partBytes);
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        IntStream tokens = IntStream.empty();
        for (byte[] part = reader.next(); part.length > 0; part = reader.next()) {
            read.write(part);
            tokens = IntStream.concat(tokens, IntStream.of(GPT2.encode(part)));
        }

        assertThat(read.toByteArray()).isEqualTo(bytes);
        assertThat(tokens.toArray()).isEqualTo(GPT2.encode(bytes));
    }

    @Example
    void shouldShowTheBeginningWithoutTakingIt() throws IOException {
        byte[] bytes = "0123456789".getBytes(StandardCharsets.UTF_8);
        TextReader reader = new TextReader(new ByteArrayInputStream(bytes), Tokenizer.named("byte"), 8);

        assertThat(reader.peek(4)).asString().isEqualTo("0123");
        assertThat(reader.next()).asString().isEqualTo("01234567");
        assertThat(reader.next()).asString().isEqualTo("89");
        assertThat(reader.next()).isEmpty();
    }
}
