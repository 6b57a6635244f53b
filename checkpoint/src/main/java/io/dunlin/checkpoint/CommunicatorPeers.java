package io.dunlin.checkpoint;

import io.dunlin.collectives.Communicator;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Messages of any length over collectives: first the lengths, then the bytes. */
record CommunicatorPeers(Communicator communicator) implements Peers {
    @Override
    public int rank() {
        return communicator.rank();
    }

    @Override
    public int size() {
        return communicator.size();
    }

    @Override
    public List<byte[]> gather(byte[] mine) {
        // An automatic arena: after a failed collective the communication thread may still look at the memory.
        Arena arena = Arena.ofAuto();
        MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_LONG, mine.length);
        MemorySegment all = arena.allocate(ValueLayout.JAVA_LONG, size());
        communicator
                .allGather(length, all, Collections.nCopies(size(), ValueLayout.JAVA_LONG.byteSize()))
                .await();
        List<Long> lengthsBytes = new ArrayList<>();
        for (int rank = 0; rank < size(); rank++) {
            lengthsBytes.add(all.getAtIndex(ValueLayout.JAVA_LONG, rank));
        }
        MemorySegment part = arena.allocate(mine.length, 8);
        MemorySegment.copy(mine, 0, part, ValueLayout.JAVA_BYTE, 0, mine.length);
        MemorySegment parts =
                arena.allocate(lengthsBytes.stream().mapToLong(Long::longValue).sum(), 8);
        communicator.allGather(part, parts, lengthsBytes).await();
        List<byte[]> messages = new ArrayList<>();
        long at = 0;
        for (long bytes : lengthsBytes) {
            messages.add(parts.asSlice(at, bytes).toArray(ValueLayout.JAVA_BYTE));
            at += bytes;
        }
        return messages;
    }

    @Override
    public byte[] fromFirst(byte[] mine) {
        Arena arena = Arena.ofAuto();
        MemorySegment length = arena.allocateFrom(ValueLayout.JAVA_LONG, mine.length);
        communicator.broadcast(length, 0).await();
        MemorySegment message = arena.allocate(length.get(ValueLayout.JAVA_LONG, 0), 8);
        if (rank() == 0) {
            MemorySegment.copy(mine, 0, message, ValueLayout.JAVA_BYTE, 0, mine.length);
        }
        communicator.broadcast(message, 0).await();
        return message.toArray(ValueLayout.JAVA_BYTE);
    }
}
