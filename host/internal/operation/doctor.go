package operation

import (
	"context"

	"github.com/cardbridge/cardbridge/protocol"
)

// doctor has the computer examined, one examination at a time: each loads every module.
func doctor(ctx context.Context, room *Room, _ *Call, _ protocol.DoctorParams) (any, error) {
	if room.Doctor == nil {
		return nil, &protocol.Error{Code: protocol.UnknownMethod}
	}
	if !room.examining.TryLock() {
		return nil, &protocol.Error{Code: protocol.TooManyRequests}
	}
	defer room.examining.Unlock()
	return room.Doctor(ctx)
}
