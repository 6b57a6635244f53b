package io.dunlin.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenShardTest {
    private static final Tokenizer BYTE = Tokenizer.named("byte");

    @TempDir
    @SuppressWarnings("NullAway.Init") // set before each test
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 524_287, 524_288, 1_200_001})
    void shouldReadWhatWasWritten(int count) {
        int[] tokens = IntStream.range(0, count).map(i -> i * 31 & 0xFF).toArray();
        Path file = write(BYTE, tokens);

        try (TokenShard shard = TokenShard.open(file)) {
            shard.verify(Progress.NONE);
            assertThat(shard.format()).isEqualTo(ShardFormat.DUNLIN);
            assertThat(shard.count()).isEqualTo(count);
            assertThat(shard.tokenBytes()).isEqualTo(2);
            assertThat(shard.tokenizer()).contains("byte");
            assertThat(shard.vocabulary()).hasValue(256);
            assertThat(all(shard)).isEqualTo(tokens);
        }
        assertThat(names()).containsExactly("tokens.bin");
    }

    @Test
    void shouldUseFourBytesForALargeVocabulary() {
        int[] tokens = {0, 65_535, 65_536, 128_255};
        Path file = write(new TestTokenizer("llama3", 128_256), tokens);

        try (TokenShard shard = TokenShard.open(file)) {
            shard.verify(Progress.NONE);
            assertThat(shard.tokenBytes()).isEqualTo(4);
            assertThat(all(shard)).isEqualTo(tokens);
        }
        try (TokenShard shard = TokenShard.open(write(new TestTokenizer("just-fits", 65_536), 65_535))) {
            assertThat(shard.tokenBytes()).isEqualTo(2);
            assertThat(shard.token(0)).isEqualTo(65_535);
        }
    }

    /** The format is a promise: these bytes must be readable for ever. */
    @Test
    void shouldWriteTheseBytes() throws IOException {
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(write(BYTE, 'a', 'b', 255))))
                .isEqualTo(
                        "8944554e4c494e0a" // magic
                                + "746f6b656e2d73686172640000000000" // token-shard
                                + "01000000" // version
                                + "02000000" // token bytes
                                + "0300000000000000" // tokens
                                + "00010000" // vocabulary
                                + "9b16ed53" // CRC32C of the tokens
                                + "62797465" + "00".repeat(56) // byte
                                + "00".repeat(16) // reserved
                                + "94cbcdfe" // CRC32C of the head
                                + "61006200ff00" // a b 255
                                + "76bbaab1b3b6b1f59b16ed5394cbcdfe" // foot
                        );
    }

    @Test
    void shouldNoticeAnyDamagedByte() throws IOException {
        byte[] sound = Files.readAllBytes(write(BYTE, IntStream.range(0, 100).toArray()));

        for (int at = 0; at < sound.length; at++) {
            byte[] damaged = sound.clone();
            damaged[at] ^= 1;
            Path file = Files.write(folder.resolve("damaged.bin"), damaged);

            assertThatThrownBy(() -> readAndVerify(file))
                    .as("byte %d", at)
                    .hasMessageContaining(file.toString())
                    .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                    .extracting(DataException::code)
                    .isIn("DUN-606", "DUN-607");
        }
    }

    @Test
    void shouldNoticeAnyOtherLength() throws IOException {
        byte[] sound = Files.readAllBytes(write(BYTE, IntStream.range(0, 100).toArray()));

        for (int length = 0; length < sound.length; length++) {
            Path file = Files.write(folder.resolve("short.bin"), Arrays.copyOf(sound, length));

            assertThatThrownBy(() -> readAndVerify(file))
                    .as("length %d", length)
                    .isInstanceOf(DataException.class);
        }
        Path longer = Files.write(folder.resolve("long.bin"), Arrays.copyOf(sound, sound.length + 1));
        assertThatThrownBy(() -> readAndVerify(longer))
                .hasMessage(longer + " is damaged: 100 tokens need 344 bytes, the file has 345");
    }

    @Test
    void shouldNameTheChecksumsThatDiffer() throws IOException {
        Path file = write(BYTE, 1, 2, 3);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {9}), 128);
        }

        assertThatThrownBy(() -> readAndVerify(file))
                .hasMessageMatching(
                        ".*tokens.bin is damaged: CRC32C of its 3 tokens is [0-9a-f]{8}, the header says [0-9a-f]{8}")
                .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                .extracting(DataException::remedy, InstanceOfAssertFactories.STRING)
                .contains("dunlin data prepare");
    }

    @Test
    void shouldNameTheVersionItDoesNotKnow() throws IOException {
        Path file = write(BYTE, 1, 2, 3);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {2}), 24);
        }

        assertThatThrownBy(() -> TokenShard.open(file))
                .hasMessage(file + " has format version 2, this program reads version 1");
    }

    @Test
    void shouldReadFilesOfLlmC() throws IOException {
        Path gpt2 = llmC("gpt2.bin", 20240520, 1, 3, Short.BYTES, 50256, 0, 65_535);
        Path llama = llmC("llama.bin", 20240801, 7, 2, Integer.BYTES, 128_000, 5);

        try (TokenShard shard = TokenShard.open(gpt2)) {
            assertThat(shard.format()).isEqualTo(ShardFormat.LLM_C_GPT2);
            assertThat(all(shard)).containsExactly(50256, 0, 65_535);
            assertThat(shard.tokenizer()).isEmpty();
            shard.verify(Progress.NONE);
        }
        try (TokenShard shard = TokenShard.open(llama)) {
            assertThat(shard.format()).isEqualTo(ShardFormat.LLM_C_LLAMA3);
            assertThat(all(shard)).containsExactly(128_000, 5);
        }
    }

    @Test
    void shouldNoticeDamagedFilesOfLlmC() throws IOException {
        Path magic = llmC("magic.bin", 20240521, 1, 2, Short.BYTES, 1, 2);
        Path version = llmC("version.bin", 20240520, 2, 2, Short.BYTES, 1, 2);
        Path count = llmC("count.bin", 20240520, 1, 3, Short.BYTES, 1, 2);

        assertThatThrownBy(() -> TokenShard.open(magic))
                .hasMessage(magic + " is damaged: shaped as a file of llm.c, but its magic is 20240521, not 20240520");
        assertThatThrownBy(() -> TokenShard.open(version))
                .hasMessage(version + " has format version 2, this program reads version 1");
        assertThatThrownBy(() -> TokenShard.open(count))
                .hasMessage(count + " is damaged: 3 tokens need 1,030 bytes, the file has 1,028");
    }

    @Test
    void shouldReadRawFilesOfNanoGpt() throws IOException {
        Path file = folder.resolve("train.bin");
        Files.write(file, new byte[] {1, 0, 2, 0, (byte) 0x50, (byte) 0xC4});

        try (TokenShard shard = TokenShard.open(file)) {
            assertThat(shard.format()).isEqualTo(ShardFormat.RAW_U16);
            assertThat(all(shard)).containsExactly(1, 2, 50256);
            assertThat(shard.vocabulary()).isEmpty();
        }
    }

    @Test
    void shouldNotTakeJustAnythingForTokens() throws IOException {
        Path odd = Files.write(folder.resolve("odd.bin"), new byte[3]);
        Path other = Files.write(folder.resolve("tokens.dat"), new byte[4]);
        Path text = Files.writeString(
                folder.resolve("text.bin"), "To be, or not to be, that is the question.\n".repeat(10));

        assertThatThrownBy(() -> TokenShard.open(odd))
                .hasMessage(odd + " is not a token file: it has no header, and 3 bytes are not a whole number of u16");
        assertThatThrownBy(() -> TokenShard.open(other))
                .hasMessage(other + " is not a token file: it has no header, and its name does not end in .bin");
        assertThatThrownBy(() -> TokenShard.open(text))
                .hasMessage(text + " is not a token file: it is plain text; text is given as data.text");
        assertThatThrownBy(() -> TokenShard.open(folder.resolve("none.bin")))
                .hasMessage(folder.resolve("none.bin") + " cannot be read: there is no such file or folder");
    }

    @Test
    void shouldNameATokenOutsideOfTheVocabulary() throws IOException {
        Path file = Files.write(folder.resolve("raw.bin"), new byte[] {1, 0, 0, 1, 2, 0});

        try (TokenShard shard = TokenShard.open(file);
                Arena arena = Arena.ofConfined()) {
            MemorySegment to = arena.allocate(12);
            shard.read(0, 3, to, 257);
            assertThat(to.toArray(ValueLayout.JAVA_INT)).containsExactly(1, 256, 2);
            assertThatThrownBy(() -> shard.read(0, 3, to, 256))
                    .hasMessage(file + ": token 1 is 256, but the vocabulary has 256")
                    .isInstanceOf(DataException.class);
        }
        try (TokenShardWriter writer = TokenShardWriter.create(folder.resolve("refused.bin"), BYTE)) {
            assertThatThrownBy(() -> writer.write(5, 256)).hasMessageContaining("token 1 is 256");
        }
    }

    @Test
    void shouldReadBehindTwoToTheThirtyFirst() throws IOException {
        long count = (1L << 31) + 3;
        Path file = folder.resolve("huge.bin");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(count * 2);
            sparse.seek((count - 2) * 2);
            sparse.write(new byte[] {7, 0, 9, 0});
        }

        try (TokenShards shards = TokenShards.open(List.of(file), "byte", 256);
                Arena arena = Arena.ofConfined()) {
            assertThat(shards.count()).isEqualTo(count);
            assertThat(shards.shards().getFirst().token(count - 1)).isEqualTo(9);
            Samples samples = shards.cut(2, ShardSamples.Rest.DROPPED);
            assertThat(samples.count()).isEqualTo((1L << 30) + 1);
            MemorySegment tokens = arena.allocate(8);
            MemorySegment targets = arena.allocate(8);
            samples.read(samples.count() - 1, tokens, targets);
            assertThat(tokens.toArray(ValueLayout.JAVA_INT)).containsExactly(0, 7);
            assertThat(targets.toArray(ValueLayout.JAVA_INT)).containsExactly(7, 9);
        }
    }

    @Test
    void shouldNoticeAFileThatShrinksUnderIt() throws IOException {
        Path file = write(BYTE, new int[100_000]);

        try (TokenShard shard = TokenShard.open(file);
                Arena arena = Arena.ofConfined()) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(4096);
            }
            String message = file + " is damaged: it became shorter while it was read";
            assertThatThrownBy(() -> shard.verify(Progress.NONE)).hasMessage(message);
            assertThatThrownBy(() -> shard.read(90_000, 100, arena.allocate(400), 256))
                    .hasMessage(message);
        }
    }

    @Test
    void shouldMoveTheTailToAnotherFile() {
        Path head = folder.resolve("head.bin");
        Path tail = folder.resolve("tail.bin");
        int[] tokens = IntStream.range(0, 700_001).map(i -> i % 251).toArray();
        try (TokenShardWriter first = TokenShardWriter.create(head, BYTE);
                TokenShardWriter second = TokenShardWriter.create(tail, BYTE)) {
            second.write(1, 2);
            first.write(tokens);
            first.moveTail(600_000, second);
            first.write(3);
            second.write(4);
            first.finish();
            second.finish();
        }

        try (TokenShard first = TokenShard.open(head);
                TokenShard second = TokenShard.open(tail)) {
            first.verify(Progress.NONE);
            second.verify(Progress.NONE);
            int[] kept = Arrays.copyOf(tokens, 100_002);
            kept[100_001] = 3;
            assertThat(all(first)).isEqualTo(kept);
            assertThat(second.count()).isEqualTo(600_003);
            assertThat(Arrays.copyOfRange(all(second), 2, 600_002))
                    .isEqualTo(Arrays.copyOfRange(tokens, 100_001, 700_001));
        }
    }

    @Test
    void shouldLeaveNothingBehindUnlessFinished() {
        Path file = folder.resolve("tokens.bin");
        try (TokenShardWriter writer = TokenShardWriter.create(file, BYTE)) {
            writer.write(1, 2, 3);
            assertThat(file).doesNotExist();
        }

        assertThat(names()).isEmpty();
    }

    @Test
    void shouldSayThatTheDiskIsFull() throws IOException {
        Configuration small = Configuration.unix().toBuilder()
                .setMaxSize(1 << 20)
                .setBlockSize(4096)
                .build();
        try (FileSystem disk = Jimfs.newFileSystem(small)) {
            Path file = disk.getPath("/tokens.bin");
            try (TokenShardWriter writer = TokenShardWriter.create(file, BYTE)) {
                int[] tokens = new int[1 << 20];
                assertThatThrownBy(() -> {
                            writer.write(tokens);
                            writer.finish();
                        })
                        .hasMessageMatching("/tokens.bin.*cannot be written: .*")
                        .asInstanceOf(InstanceOfAssertFactories.type(DataException.class))
                        .extracting(DataException::code)
                        .isEqualTo("DUN-610");
            }
            try (Stream<Path> left = Files.list(disk.getPath("/"))) {
                assertThat(left.filter(Files::isRegularFile)).isEmpty();
            }
        }
    }

    private void readAndVerify(Path file) {
        try (TokenShard shard = TokenShard.open(file)) {
            shard.verify(Progress.NONE);
        }
    }

    private Path write(Tokenizer tokenizer, int... tokens) {
        try (TokenShardWriter writer = TokenShardWriter.create(folder.resolve("tokens.bin"), tokenizer)) {
            writer.write(tokens);
            return writer.finish();
        }
    }

    private Path llmC(String name, int magic, int version, int count, int tokenBytes, int... tokens)
            throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(1024 + tokens.length * tokenBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(magic).putInt(version).putInt(count).position(1024);
        for (int token : tokens) {
            if (tokenBytes == Short.BYTES) {
                bytes.putShort((short) token);
            } else {
                bytes.putInt(token);
            }
        }
        return Files.write(folder.resolve(name), bytes.array());
    }

    private static int[] all(TokenShard shard) {
        return IntStream.range(0, (int) shard.count()).map(shard::token).toArray();
    }

    private List<String> names() {
        return Arrays.stream(folder.toFile().list()).sorted().toList();
    }
}
