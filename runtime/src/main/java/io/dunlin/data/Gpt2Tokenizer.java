package io.dunlin.data;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import java.nio.charset.StandardCharsets;

/**
 * The byte pair encoding of GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", section 2.2),
 * by jtokkit, whose jar carries the vocabulary. Special tokens in a text are text.
 */
final class Gpt2Tokenizer implements Tokenizer {
    static final String ID = "gpt2";
    private static final int END_OF_TEXT = 50256;

    private final Encoding encoding;

    private Gpt2Tokenizer(Encoding encoding) {
        this.encoding = encoding;
    }

    static Gpt2Tokenizer load() {
        return new Gpt2Tokenizer(Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE));
    }

    @Override
    public int vocabulary() {
        return END_OF_TEXT + 1;
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public int[] encode(byte[] utf8) {
        return encoding.encodeOrdinary(new String(utf8, StandardCharsets.UTF_8)).toArray();
    }

    @Override
    public byte[] decode(int... tokens) {
        IntArrayList list = new IntArrayList(tokens.length);
        for (int token : tokens) {
            if (token < 0 || token > END_OF_TEXT) {
                throw new IllegalArgumentException("token %d is not in GPT-2's vocabulary".formatted(token));
            }
            list.add(token);
        }
        return encoding.decodeBytes(list);
    }

    @Override
    public int separator() {
        return END_OF_TEXT;
    }

    /**
     * Before a line feed that follows a visible ASCII character. The pattern that cuts a text into words before pairs
     * are merged never joins those two, and it looks ahead only behind white space.
     */
    @Override
    public int cut(byte[] text, int length) {
        for (int at = length - 1; at > 0; at--) {
            if (text[at] == '\n' && text[at - 1] > ' ' && text[at - 1] < 0x7F) {
                return at;
            }
        }
        return 0;
    }
}
