package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.StringLength;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

class TokenizerTest {
    private static final Tokenizer BYTE = Tokenizer.named("byte");
    private static final Tokenizer GPT2 = Tokenizer.named("gpt2");

    @Test
    void shouldGiveEachByteItsToken() {
        byte[] all = new byte[256];
        for (int i = 0; i < 256; i++) {
            all[i] = (byte) i;
        }

        assertThat(BYTE.encode(all)).isEqualTo(IntStream.range(0, 256).toArray());
        assertThat(BYTE.decode(BYTE.encode(all))).isEqualTo(all);
        assertThat(BYTE.vocabulary()).isEqualTo(256);
    }

    @Test
    void shouldEncodeAsGpt2Does() {
        assertThat(GPT2.encode(utf8("Hello world"))).containsExactly(15496, 995);
        assertThat(GPT2.encode(utf8("The quick brown fox jumps over the lazy dog")))
                .containsExactly(464, 2068, 7586, 21831, 18045, 625, 262, 16931, 3290);
        assertThat(GPT2.encode(utf8(""))).isEmpty();
        assertThat(GPT2.vocabulary()).isEqualTo(50257);
    }

    @Test
    void shouldReadSpecialTokensInATextAsText() {
        int[] tokens = GPT2.encode(utf8("<|endoftext|>"));

        assertThat(tokens).hasSizeGreaterThan(1).doesNotContain(50256);
        assertThat(GPT2.decode(tokens)).isEqualTo(utf8("<|endoftext|>"));
        assertThat(GPT2.decode(GPT2.separator())).isEqualTo(utf8("<|endoftext|>"));
    }

    @Property(tries = 200)
    void shouldDecodeWhatItEncoded(@ForAll @StringLength(max = 200) String text) {
        byte[] bytes = utf8(text);

        assertThat(GPT2.decode(GPT2.encode(bytes))).isEqualTo(utf8(new String(bytes, StandardCharsets.UTF_8)));
        assertThat(BYTE.decode(BYTE.encode(bytes))).isEqualTo(bytes);
    }

    @Property(tries = 500)
    void shouldGiveTheSameTokensWhenATextIsCut(
            @ForAll
                    @StringLength(max = 60)
                    @Chars({' ', '\n', '\t', '\r', '\'', 's', 'é', '\u00a0', '\u3000', '\u0085'})
                    @CharRange(from = 'a', to = 'f')
                    String text) {
        byte[] whole = utf8(text);
        int cut = GPT2.cut(whole, whole.length);

        int[] left = GPT2.encode(Arrays.copyOf(whole, cut));
        int[] right = GPT2.encode(Arrays.copyOfRange(whole, cut, whole.length));
        assertThat(IntStream.concat(Arrays.stream(left), Arrays.stream(right)).toArray())
                .isEqualTo(GPT2.encode(whole));
    }

    @Test
    void shouldNameTheTokenizersItKnows() {
        assertThatThrownBy(() -> Tokenizer.named("gtp2"))
                .hasMessage("data.tokenizer = \"gtp2\": there is no such tokenizer. Known: byte, gpt2")
                .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                .extracting(DataException::code, DataException::remedy)
                .containsExactly("DUN-601", "--set data.tokenizer=byte");
        assertThat(Tokenizer.names())
                .allSatisfy(name -> assertThat(Tokenizer.named(name).id()).isEqualTo(name));
    }

    @Test
    void shouldRefuseATokenOutsideOfTheVocabulary() {
        assertThatThrownBy(() -> BYTE.decode(256)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GPT2.decode(50257)).isInstanceOf(IllegalArgumentException.class);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
