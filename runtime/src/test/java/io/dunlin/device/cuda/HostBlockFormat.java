package io.dunlin.device.cuda;

import io.dunlin.tensor.Philox;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Messages of quantised collectives, one element after the other. {@code GpuMessageTest} of the module collectives proves
 * that its quantiser makes the same ones.
 */
final class HostBlockFormat {
    private final BlockCodec.Format format;
    private final float largestLevel;

    HostBlockFormat(BlockCodec.Format format) {
        this.format = format;
        this.largestLevel = (1 << (format.bits() - 1)) - 1;
    }

    /** The numbers that both modules encode: of all magnitudes, with a block of zeros and one that is not finite. */
    static float[] example(int count) {
        Philox random = Philox.keyed(5, "quantise", "example");
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            long bits = random.bits(0, i);
            values[i] = (int) bits * (bits >>> 62 == 0 ? 0x1p-20f : 0x1p-31f);
        }
        Arrays.fill(values, Math.min(count, 64), Math.min(count, 128), 0f);
        if (count > 200) {
            values[200] = Float.NEGATIVE_INFINITY;
        }
        return values;
    }

    /** Stochastic if {@code random} is one. */
    byte[] encode(float[] x, Philox[] random, long lane, long firstElement) {
        ByteBuffer message =
                ByteBuffer.allocate((int) format.encodedBytes(x.length)).order(ByteOrder.LITTLE_ENDIAN);
        message.put((byte) 'D').put((byte) 'Q').put((byte) 1).put((byte) format.bits());
        message.putInt(format.blockElements()).putLong(x.length);
        int blocks = (x.length + format.blockElements() - 1) / format.blockElements();
        int levelsAt = 16 + 4 * blocks;
        for (int block = 0; block < blocks; block++) {
            int from = block * format.blockElements();
            int count = Math.min(format.blockElements(), x.length - from);
            float scale = scale(x, from, count);
            message.putInt(16 + 4 * block, Float.floatToIntBits(scale));
            int[] levels = new int[count];
            for (int i = 0; i < count && !Float.isNaN(scale); i++) {
                float value = x[from + i] * (1 / scale);
                if (random.length > 0) {
                    value = Math.clamp(
                            value + dither(random[0], lane, firstElement + from + i), -largestLevel, largestLevel);
                }
                levels[i] = (int) Math.rint(value);
            }
            pack(levels, message, levelsAt + block * (format.blockElements() * format.bits() / 8));
        }
        return message.array();
    }

    private float scale(float[] x, int from, int count) {
        float largest = 0;
        for (int i = from; i < from + count; i++) {
            if (!Float.isFinite(x[i])) {
                return Float.NaN;
            }
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return Math.max(largest / largestLevel, Float.MIN_NORMAL);
    }

    private static float dither(Philox random, long lane, long element) {
        long half = random.bits(lane, element / 64 * 8 + element % 32 / 4, (int) (element / 32 % 2));
        return (short) (half >>> (element % 4 * 16)) * 0x1p-16f + 0x1p-17f;
    }

    private void pack(int[] levels, ByteBuffer message, int at) {
        if (format.bits() == 8) {
            for (int i = 0; i < levels.length; i++) {
                message.put(at + i, (byte) levels[i]);
            }
            return;
        }
        for (int group = 0; group < levels.length; group += 32) {
            int half = (Math.min(32, levels.length - group) + 1) / 2;
            for (int j = 0; j < half; j++) {
                int high = group + half + j < levels.length && half + j < 32 ? levels[group + half + j] : 0;
                message.put(at + group / 2 + j, (byte) (levels[group + j] & 0xF | high << 4));
            }
        }
    }

    /** What an element of the message of {@code x} is decoded to. */
    float decoded(byte[] message, int index, int count) {
        int blocks = (count + format.blockElements() - 1) / format.blockElements();
        int block = index / format.blockElements();
        int inBlock = index % format.blockElements();
        int here = Math.min(format.blockElements(), count - block * format.blockElements());
        int at = 16 + 4 * blocks + block * (format.blockElements() * format.bits() / 8);
        int level;
        if (format.bits() == 8) {
            level = message[at + inBlock];
        } else {
            int group = inBlock / 32 * 32;
            int half = (Math.min(32, here - group) + 1) / 2;
            int pair = message[at + group / 2 + (inBlock - group) % half];
            level = inBlock - group < half ? (byte) (pair << 4) >> 4 : pair >> 4;
        }
        float scale = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getFloat(16 + 4 * block);
        return level * scale;
    }
}
