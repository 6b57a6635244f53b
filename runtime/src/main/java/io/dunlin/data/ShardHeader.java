package io.dunlin.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * What the head and the foot of a token file say. All numbers are little-endian.
 *
 * <pre>
 *   0   8  magic        89 'D' 'U' 'N' 'L' 'I' 'N' 0A
 *   8  16  name         "token-shard", zero-padded
 *  24   4  version      1
 *  28   4  token bytes  2 or 4
 *  32   8  tokens       how many
 *  40   4  vocabulary   every token is below
 *  44   4  CRC32C of the tokens
 *  48  60  tokenizer    its id, ASCII, zero-padded
 * 108  16  zero
 * 124   4  CRC32C of bytes 0 to 124
 * 128      the tokens
 * end  16  foot: the magic inverted, CRC32C of the tokens, CRC32C of the head
 * </pre>
 *
 * @param format which kind of file
 * @param tokenBytes 2 or 4
 * @param tokens how many
 * @param vocabulary every token is below; 0 if the file does not say
 * @param tokenizer id; empty if the file does not say
 * @param checksum CRC32C of the tokens; of no meaning in foreign formats
 */
record ShardHeader(ShardFormat format, int tokenBytes, long tokens, int vocabulary, String tokenizer, int checksum) {
    static final int VERSION = 1;
    static final int LENGTH_BYTES = 128;
    static final int FOOT_BYTES = 16;
    private static final long MAGIC = 0x0A4E494C4E554489L;
    private static final byte[] NAME = padded("token-shard", 16);
    private static final int TOKENIZER_BYTES = 60;
    private static final int HEAD_CHECKSUM_AT = 124;
    private static final int TELLING_BYTES = 64;
    private static final int LLM_C_BYTES = 1024;
    private static final int LLM_C_GPT2 = 20240520;
    private static final int LLM_C_LLAMA3 = 20240801;

    /** The header of a file of ours. */
    static ShardHeader of(Tokenizer tokenizer, long tokens, int checksum) {
        int vocabulary = tokenizer.vocabulary();
        int tokenBytes = vocabulary <= 1 << Short.SIZE ? Short.BYTES : Integer.BYTES;
        if (tokenizer.id().getBytes(StandardCharsets.US_ASCII).length > TOKENIZER_BYTES) {
            throw new IllegalArgumentException("tokenizer id is longer than 60: " + tokenizer.id());
        }
        return new ShardHeader(ShardFormat.DUNLIN, tokenBytes, tokens, vocabulary, tokenizer.id(), checksum);
    }

    /** Byte at which the tokens begin. */
    long tokensAt() {
        return switch (format) {
            case DUNLIN -> LENGTH_BYTES;
            case LLM_C_GPT2, LLM_C_LLAMA3 -> LLM_C_BYTES;
            case RAW_U16 -> 0;
        };
    }

    /** Length of the whole file. */
    long fileBytes() {
        return tokensAt() + tokens * tokenBytes + (format == ShardFormat.DUNLIN ? FOOT_BYTES : 0);
    }

    /** The head as bytes, ready to be written. */
    ByteBuffer head() {
        ByteBuffer head = ByteBuffer.allocate(LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(MAGIC)
                .put(NAME)
                .putInt(VERSION)
                .putInt(tokenBytes)
                .putLong(tokens)
                .putInt(vocabulary);
        head.putInt(checksum).put(padded(tokenizer, TOKENIZER_BYTES));
        head.putInt(HEAD_CHECKSUM_AT, crc(head.array(), HEAD_CHECKSUM_AT));
        return head.position(0);
    }

    /** The foot as bytes, ready to be written. */
    ByteBuffer foot() {
        ByteBuffer foot = ByteBuffer.allocate(FOOT_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        foot.putLong(~MAGIC).putInt(checksum).putInt(head().getInt(HEAD_CHECKSUM_AT));
        return foot.position(0);
    }

    /**
     * Reads the head, by the first rule that fits:
     *
     * <ol>
     *   <li>ours, if the magic stands at the beginning, or the name after it, or the foot's magic at the end; whatever
     *       of it is not as it must be is damage;
     *   <li>llm.c, if it begins with one of its magic numbers, or its second and third int fit the length of the file;
     *   <li>raw u16, if the file is called {@code .bin}, its length is even, and its beginning is not plain text;
     *   <li>else it is no token file.
     * </ol>
     *
     * @param file for messages
     * @param start the first 1024 bytes, or all if there are fewer
     * @param end the last 16 bytes, or all if there are fewer
     * @param lengthBytes of the file
     * @throws DataException DUN-606, 607 or 609
     */
    static ShardHeader parse(String file, byte[] start, byte[] end, long lengthBytes) {
        if (lengthBytes == 0) {
            throw DataException.damagedShard(file, "the file is empty");
        }
        ByteBuffer head = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
        if (looksOurs(start, end)) {
            return parseOurs(file, head, end, lengthBytes);
        }
        if (start.length >= LLM_C_BYTES) {
            int magic = head.getInt(0);
            boolean shaped = head.getInt(4) == 1
                    && lengthBytes == LLM_C_BYTES + Integer.toUnsignedLong(head.getInt(8)) * Short.BYTES;
            if (magic == LLM_C_GPT2 || magic == LLM_C_LLAMA3 || shaped) {
                return parseLlmC(file, head, lengthBytes);
            }
        }
        if (!file.endsWith(".bin")) {
            throw DataException.notTokens(file, "it has no header, and its name does not end in .bin");
        }
        if (plainText(start)) {
            throw DataException.notTokens(file, "it is plain text; text is given as data.text");
        }
        if (lengthBytes % Short.BYTES != 0) {
            throw DataException.notTokens(
                    file, "it has no header, and %,d bytes are not a whole number of u16".formatted(lengthBytes));
        }
        return new ShardHeader(ShardFormat.RAW_U16, Short.BYTES, lengthBytes / Short.BYTES, 0, "", 0);
    }

    private static boolean looksOurs(byte[] start, byte[] end) {
        ByteBuffer foot = ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(MAGIC)
                .array();
        int magicBytes = Math.min(start.length, magic.length);
        return Arrays.equals(start, 0, magicBytes, magic, 0, magicBytes)
                || start.length >= 24 && Arrays.equals(start, 8, 24, NAME, 0, NAME.length)
                || end.length == FOOT_BYTES && foot.getLong(0) == ~MAGIC;
    }

    private static ShardHeader parseOurs(String file, ByteBuffer head, byte[] end, long lengthBytes) {
        if (head.capacity() < LENGTH_BYTES || lengthBytes < LENGTH_BYTES + FOOT_BYTES) {
            throw DataException.damagedShard(
                    file, "%,d bytes, the header alone has %,d".formatted(lengthBytes, LENGTH_BYTES));
        }
        if (head.getLong(0) != MAGIC || !Arrays.equals(head.array(), 8, 24, NAME, 0, NAME.length)) {
            throw DataException.damagedShard(
                    file,
                    "the magic is %016x, not %016x"
                            .formatted(Long.reverseBytes(head.getLong(0)), Long.reverseBytes(MAGIC)));
        }
        if (head.getInt(24) != VERSION) {
            throw DataException.unknownVersion(file, head.getInt(24), VERSION);
        }
        int headChecksum = crc(head.array(), HEAD_CHECKSUM_AT);
        if (head.getInt(HEAD_CHECKSUM_AT) != headChecksum) {
            throw DataException.damagedShard(
                    file,
                    "CRC32C of the header is %08x, the file says %08x"
                            .formatted(headChecksum, head.getInt(HEAD_CHECKSUM_AT)));
        }
        String tokenizer = new String(head.array(), 48, TOKENIZER_BYTES, StandardCharsets.US_ASCII).trim();
        ShardHeader header = new ShardHeader(
                ShardFormat.DUNLIN, head.getInt(28), head.getLong(32), head.getInt(40), tokenizer, head.getInt(44));
        requireLength(file, header, lengthBytes);
        if (!Arrays.equals(end, header.foot().array())) {
            throw DataException.damagedShard(file, "the last 16 bytes are not the foot that belongs to the header");
        }
        return header;
    }

    private static ShardHeader parseLlmC(String file, ByteBuffer head, long lengthBytes) {
        int magic = head.getInt(0);
        int version = head.getInt(4);
        long tokens = Integer.toUnsignedLong(head.getInt(8));
        boolean gpt2 = magic == LLM_C_GPT2;
        if (!gpt2 && magic != LLM_C_LLAMA3) {
            throw DataException.damagedShard(
                    file, "shaped as a file of llm.c, but its magic is %d, not %d".formatted(magic, LLM_C_GPT2));
        }
        int known = gpt2 ? 1 : 7;
        if (version != known) {
            throw DataException.unknownVersion(file, version, known);
        }
        ShardHeader header = gpt2
                ? new ShardHeader(ShardFormat.LLM_C_GPT2, Short.BYTES, tokens, 0, "", 0)
                : new ShardHeader(ShardFormat.LLM_C_LLAMA3, Integer.BYTES, tokens, 0, "", 0);
        requireLength(file, header, lengthBytes);
        return header;
    }

    private static void requireLength(String file, ShardHeader header, long lengthBytes) {
        if (header.fileBytes() != lengthBytes) {
            throw DataException.damagedShard(
                    file,
                    "%,d tokens need %,d bytes, the file has %,d"
                            .formatted(header.tokens, header.fileBytes(), lengthBytes));
        }
    }

    /** Whether there are enough bytes to tell, and none that a text would not have. */
    private static boolean plainText(byte[] start) {
        if (start.length < TELLING_BYTES) {
            return false;
        }
        for (byte b : start) {
            if (b >= 0 && b < ' ' && b != '\n' && b != '\r' && b != '\t' || b == 0x7F) {
                return false;
            }
        }
        return true;
    }

    private static int crc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return (int) crc.getValue();
    }

    private static byte[] padded(String text, int length) {
        return Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), length);
    }
}
