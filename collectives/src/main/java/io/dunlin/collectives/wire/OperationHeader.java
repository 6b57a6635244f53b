package io.dunlin.collectives.wire;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The first 128 bytes of every flow of an operation from one member to another; little-endian.
 *
 * <pre>
 *  0 magic "DNL2"      4 generation        8 run (hash)          16 operation number
 * 24 kind  25 dtype  26 op  27 algorithm   28 group (hash)       32 bytes of the vector
 * 40 detail: root, or hash of part lengths, or tree              48 tensor     56 version of the tensor
 * 64 bytes of this flow                    72 sender (member)    76 CRC-32C of bytes 0 to 75
 * </pre>
 *
 * <p>Bytes 0 to 63 are the same on every member: where they differ, members have called different operations.
 */
public final class OperationHeader {
    /** Length of a header. */
    public static final int BYTES = 128;

    private static final int MAGIC = 0x324C4E44;
    private static final int COMMON_BYTES = 64;
    private static final int CHECKED_BYTES = 76;
    private static final DType[] DTYPES = DType.values();
    private static final ReduceOp[] OPS = ReduceOp.values();

    private final ByteBuffer checked = ByteBuffer.allocateDirect(CHECKED_BYTES);
    private final long checkedAddress = MemorySegment.ofBuffer(checked).address();
    private final CRC32C crc = new CRC32C();

    /**
     * What all operations of a communicator have in common.
     *
     * @param run hash of the run's name
     * @param generation of the group
     * @param group hash of the group's name and ranks
     */
    public record Scope(long run, int generation, int group) {}

    /**
     * What an operation is.
     *
     * @param kind what is done
     * @param dtype element type
     * @param op combination; any where nothing is combined
     * @param algorithm number of the way it is done; ways do not mix
     * @param lengthBytes of the vector, or of all parts
     * @param detail root, or a hash of what else must agree
     */
    public static void write(
            long address,
            Scope scope,
            long operation,
            OperationKind kind,
            DType dtype,
            ReduceOp op,
            int algorithm,
            long lengthBytes,
            long detail) {
        RawMemory.putInt(address, MAGIC);
        RawMemory.putInt(address + 4, scope.generation());
        RawMemory.putLong(address + 8, scope.run());
        RawMemory.putLong(address + 16, operation);
        RawMemory.putByte(address + 24, (byte) kind.ordinal());
        RawMemory.putByte(address + 25, (byte) dtype.ordinal());
        RawMemory.putByte(address + 26, (byte) op.ordinal());
        RawMemory.putByte(address + 27, (byte) algorithm);
        RawMemory.putInt(address + 28, scope.group());
        RawMemory.putLong(address + 32, lengthBytes);
        RawMemory.putLong(address + 40, detail);
        RawMemory.clear(address + 48, BYTES - 48);
    }

    /** Completes a header by what the operation is about: which tensor, and which version of it. */
    public static void label(long address, long tensor, long version) {
        RawMemory.putLong(address + 48, tensor);
        RawMemory.putLong(address + 56, version);
    }

    /** Copies a header and completes it for one flow. */
    public void stamp(long source, long target, long flowBytes, int sender) {
        RawMemory.copy(source, target, COMMON_BYTES);
        RawMemory.putLong(target + COMMON_BYTES, flowBytes);
        RawMemory.putInt(target + COMMON_BYTES + 8, sender);
        RawMemory.putInt(target + CHECKED_BYTES, checksum(target));
    }

    /** Whether the header is one, and arrived as it was sent. */
    public boolean intact(long address) {
        return RawMemory.getInt(address) == MAGIC && RawMemory.getInt(address + CHECKED_BYTES) == checksum(address);
    }

    private int checksum(long address) {
        RawMemory.copy(address, checkedAddress, CHECKED_BYTES);
        checked.clear();
        crc.reset();
        crc.update(checked);
        return (int) crc.getValue();
    }

    /** A number for a name, the same in every process (FNV-1a). */
    public static long hash(String name) {
        long hash = 0xCBF29CE484222325L;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash ^ name.charAt(i)) * 0x100000001B3L;
        }
        return hash;
    }

    /** Whether two headers are of the same call. */
    public static boolean sameCall(long a, long b) {
        for (int i = 0; i < COMMON_BYTES; i += Long.BYTES) {
            if (RawMemory.getLong(a + i) != RawMemory.getLong(b + i)) {
                return false;
            }
        }
        return true;
    }

    /** The operation's number. */
    public static long operation(long address) {
        return RawMemory.getLong(address + 16);
    }

    /** What the operation is. */
    public static OperationKind kind(long address) {
        return OperationKind.of(RawMemory.getByte(address + 24));
    }

    /** Bytes that follow on the flow. */
    public static long flowBytes(long address) {
        return RawMemory.getLong(address + COMMON_BYTES);
    }

    /** For people: {@code all-reduce of 4,096 bytes F32 SUM}. */
    public static String describe(long address) {
        OperationKind kind = kind(address);
        if (kind == OperationKind.NOT_ENTERED || kind == OperationKind.BARRIER) {
            return kind.label();
        }
        String what = "%s of %,d bytes%s".formatted(kind.label(), RawMemory.getLong(address + 32), about(address));
        long detail = RawMemory.getLong(address + 40);
        return switch (kind) {
            case ALL_REDUCE, REDUCE_SCATTER, REDUCE ->
                what + " " + name(DTYPES, address + 25) + " " + name(OPS, address + 26);
            case BROADCAST -> what + " from member " + detail;
            case ALL_TO_ALL, MESSAGE -> what;
            default -> what + " (layout %08x)".formatted((int) (detail ^ (detail >>> 32)));
        };
    }

    private static String about(long address) {
        long tensor = RawMemory.getLong(address + 48);
        long version = RawMemory.getLong(address + 56);
        return tensor == 0 && version == 0 ? "" : " of tensor %d, version %d,".formatted(tensor, version);
    }

    private static String name(Enum<?>[] values, long address) {
        int ordinal = RawMemory.getByte(address);
        return ordinal >= 0 && ordinal < values.length ? values[ordinal].name() : "?" + ordinal;
    }
}
